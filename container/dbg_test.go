//go:build integration

package container

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestDbgCancel(t *testing.T) {
	e := engine(t)
	for i := range 6 {
		ctx, cancel := context.WithCancel(t.Context())
		log := &trigger{word: "started", do: func() {
			go func() {
				time.Sleep(time.Duration(i) * 20 * time.Millisecond)
				h, _ := filepath.Glob(here.dir + "/tmp/lcitool-build*/buildah*/config.json")
				for _, f := range h {
					fmt.Println(f, workerHosts(filepath.Dir(filepath.Dir(f))))
				}
				if len(h) == 0 {
					d, _ := filepath.Glob(here.dir + "/tmp/*/*")
					fmt.Println(d)
				}
				cancel()
			}()
		}}
		_, err := e.Build(ctx, BuildOptions{Tag: "test.cancelled", Dockerfile: dockerfile(fmt.Sprintf("RUN echo started %d; sleep 1000", i)), Network: NetworkNone, Log: log})
		left, _ := leftovers(e)
		fmt.Println(err, left)
	}
	_ = os.Stdout
}
func TestDbgDigest(t *testing.T) {
	e := engine(t)
	b, err := e.Inspect(t.Context(), base)
	fmt.Printf("%+v %v\n", b, err)
	o := BuildOptions{Tag: "test.x", Dockerfile: dockerfile("RUN true"), Network: NetworkNone}
	r, err := e.Build(t.Context(), o)
	fmt.Println(r, err)
	b, err = e.Inspect(t.Context(), "test.x")
	fmt.Printf("%+v %v\n", b, err)
	fmt.Println(o.digest())
	t1 := time.Now()
	r, err = e.Build(t.Context(), o)
	fmt.Println(r, err, time.Since(t1))
}
