// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// gitSettings returns what git reads in a configuration file.
func gitSettings(t *testing.T, text string) []setting {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	put(t, file, text, 0o600)
	out, err := run(t.Context(), t.TempDir(), command{args: []string{"config", "--file=" + file, "--no-includes", "--list", "-z"}, timeout: timeout})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return parseSettings(out)
}

// TestParsePlain: what is read without git is what git reads.
func TestParsePlain(t *testing.T) {
	isolate(t)
	for _, text := range []string{
		"",
		"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogAllRefUpdates = true\n",
		"[remote \"origin\"]\n\turl = git@host.example:a/b.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n[branch \"Topic/1.2\"]\n\tremote = origin\n\tMerge = refs/heads/Topic/1.2\n",
		"[User]\n\tname = A B\n  email = <a@example.org>\n[include]\n\tpath = /nosuch\n[extensions]\nworktreeConfig = true\n",
		"[remote \"a]b[\"]\n\turl = https://host.example/?a=b&c=[d]\n[x]\n[y-1]\n\tz-2 = ! = =\n",
	} {
		got, plain := parsePlain(text)
		if want := gitSettings(t, text); !plain || !slices.Equal(got, want) {
			t.Errorf("%q: got %q, %v; git says %q", text, got, plain, want)
		}
	}
	for _, text := range []string{
		"[a]\n\tb = c", "[a]\n\tb = c ; d\n", "[a]\n\tb = c#d\n", "[a]\n\tb = \"c\"\n", "[a]\n\tb = c\\n\n", "[a]\n\tb = c \n", "[a]\n\tb = c\r\n",
		"[a]\n\tb = c\td\n", "[a]\n\tb = c  d\n", "[a]\n\tb\n", "[a]\n\tb =\n", "[a]\n\tb=c\n", "[a] b = c\n", "[a.b]\n\tc = d\n", "[a \"b\\\"\"]\n\tc = d\n",
		"[a \"b c\"]\n\td = e\n", "[a \"\"]\n\tb = c\n", "\ufeff[a]\n\tb = c\n", "b = c\n", "[a]\n\t1 = c\n", "[a]\n# comment\n", "[a]\n\n", "[a]\n\tb = \u00e9\n", "[a]\n\tb = c\\\nd = e\n",
		"[a]\n\tb_c = d\n", "[a]\n\tb = c\x00\n",
	} {
		if got, plain := parsePlain(text); plain {
			t.Errorf("%q counts as plain: %q", text, got)
		}
	}
}

// TestParsePlainMixed compares files from random parts.
func TestParsePlainMixed(t *testing.T) {
	isolate(t)
	parts := []string{
		"[core]\n", "[Remote \"Or.igin\"]\n", "[a-b]\n", "\tbare = false\n", "\turl = https://x.example/a b\n", " x-Y = -\n", "K = a=b ~c\n", "[x \"]\"]\n", "\tv = [w]\n", "\tv = !w\n",
		"\tv = 'w'\n", "[z \"'a'\"]\n", "\tv = :<>?@^`{|}\n", "\tv = $&()*+,-./\n", "\tv = =\n", "[c \";#\"]\n",
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		text := "[first]\n"
		for range 12 {
			text += parts[random.IntN(len(parts))]
		}
		got, plain := parsePlain(text)
		if want := gitSettings(t, text); !plain || !slices.Equal(got, want) {
			t.Errorf("%q: got %q, %v; git says %q", text, got, plain, want)
		}
	}
}

// TestPushAddresses: what is found in the settings is what git says.
func TestPushAddresses(t *testing.T) {
	home := isolate(t)
	for config, plain := range map[string]bool{
		"[remote \"origin\"]\n\turl = https://host.example/a\n":                                                                    true,
		"[remote \"origin\"]\n\turl = https://host.example/a\n\turl = https://host.example/b\n[remote \"other\"]\n\tpushurl = c\n": true,
		"[remote \"origin\"]\n\turl = https://host.example/a\n\tpushurl = https://host.example/p\n\tpushurl = q\n":                 true,
		"[remote \"origin\"]\n\turl = h:a\n[url \"https://host.example/\"]\n\tinsteadOf = h:\n":                                    false,
		"[remote \"origin\"]\n\turl = h:a\n[url \"https://host.example/\"]\n\tpushInsteadOf = h:\n":                                false,
		"[remote \"origin\"]\n\turl = \"https://host.example/a\\nb\"\n":                                                            false,
		"[remote \"origin\"]\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n":                                                     false,
		"":                                      false,
		"[remote]\n\tpushDefault = origin\n":    false,
		"[remote \"origin\"]\n\tprune = true\n": false,
		"[remote \"Origin\"]\n\turl = https://host.example/a\n": false,
		"[remote \"origin\"]\n\turl = https://host.example/a\n\turl = https://host.example/a\n\tpushurl =\n\tpushurl = https://host.example/pushed\n": false,
	} {
		for _, users := range []string{"", "[remote \"origin\"]\n\turl = https://user.example/u\n", "[url \"https://user.example/\"]\n\tinsteadOf = https://host.example/\n"} {
			put(t, filepath.Join(home, ".gitconfig"), users, 0o644)
			dir := filepath.Join(t.TempDir(), "p")
			newRepo(t, dir)
			put(t, filepath.Join(dir, ".git", "config"), "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"+config, 0o644)
			r := open(t, dir)
			want, wantErr := r.readPushAddresses(t.Context(), "origin")
			got, err := r.PushAddresses(t.Context(), "origin")
			if (err == nil) != (wantErr == nil) || !slices.Equal(got, want) {
				t.Errorf("%q, user's %q: %q, %v; git says %q, %v", config, users, got, err, want, wantErr)
			}
			if found := r.plainAddresses(t.Context(), "origin") != nil; users == "" && found != plain || strings.HasPrefix(users, "[url") && found {
				t.Errorf("%q, user's %q: found without git: %v", config, users, found)
			}
		}
	}
}

// TestPlainRepositoryWithoutGit: a repository that needs no git to be opened is
// not opened without it.
func TestPlainRepositoryWithoutGit(t *testing.T) {
	isolate(t)
	dir := filepath.Join(t.TempDir(), "p")
	newRepo(t, dir)
	t.Setenv("PATH", t.TempDir())
	if _, err := Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "git is not installed") {
		t.Errorf("opened: %v", err)
	}
}
