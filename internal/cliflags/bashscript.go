// SPDX-License-Identifier: GPL-2.0-or-later

package cliflags

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// errBashScript reports that cobra's script has changed, which a test sees first.
var errBashScript = errors.New("the completion script for bash is not the one that is known")

// quoteCommon is a function of the script. Readline quotes what several words have
// in common, as it does for file names, and completes the quoted beginning again.
const quoteCommon = `__lcitool_quote_common()
{
    if [[ "${COMPREPLY[*]}" == *[^[:alnum:]_./:@%+=,-]* ]]; then
        compopt -o filenames
    fi
}

`

// WriteBashScript writes the script that completes command lines of root in bash.
// It is cobra's, changed for words with blanks and quotes, such as the names of jobs
// of a matrix. Words are compared with the command line here and not in the script,
// where quotes differ.
func WriteBashScript(root *cobra.Command, w io.Writer, descriptions bool) error {
	var b bytes.Buffer
	if err := root.GenBashCompletionV2(&b, descriptions); err != nil {
		return err
	}
	script := b.String()
	for _, change := range []struct{ from, to string }{
		{`        IFS=$'\n' read -ra completions -d '' < <(printf "%q\n" "${completions[@]}")
        # Only consider the completions that match what the user typed
        IFS=$'\n' read -ra COMPREPLY -d '' < <(IFS=$'\n'; compgen -W "${completions[*]}" -- "${cur}")
`, `        COMPREPLY=("${completions[@]}")
`},
		{"        # First, escape the completions to handle special characters\n", ""},
		{`            COMPREPLY[0]=$(printf "%q" "${COMPREPLY[0]}")
        fi
`, `            COMPREPLY[0]=$(printf "%q" "${COMPREPLY[0]}")
        else
            __lcitool_quote_common
        fi
`},
		{`        # Only consider the completions that match
        [[ $comp == "$cur"* ]] || continue
`, ""},
		{`        __lcitool_format_comp_descriptions $longest
`, `        __lcitool_format_comp_descriptions $longest
        __lcitool_quote_common
`},
		{"__lcitool_handle_special_char()\n", quoteCommon + "__lcitool_handle_special_char()\n"},
	} {
		if strings.Count(script, change.from) != 1 {
			return errBashScript
		}
		script = strings.Replace(script, change.from, change.to, 1)
	}
	_, err := io.WriteString(w, script)
	return err
}
