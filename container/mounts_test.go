// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"errors"
	"testing"
)

func TestWhileVolumesAppear(t *testing.T) {
	exists, other := errors.New(`volume with name "lcitool-ccache-1" already exists: volume already exists`), errors.New("no space left")
	for _, test := range []struct {
		errs  []error // of each try; none for all further ones
		want  error
		tries int
	}{
		{nil, nil, 1},
		{[]error{exists}, nil, 2},
		{[]error{exists, exists, exists}, nil, 4},
		{[]error{other}, other, 1},
		{[]error{exists, other}, other, 2},
		{[]error{exists, exists, exists, exists, exists, exists}, exists, 5},
	} {
		tries := 0
		err := whileVolumesAppear(func() error {
			tries++
			if tries <= len(test.errs) {
				return test.errs[tries-1]
			}
			return nil
		})
		if !errors.Is(err, test.want) || tries != test.tries {
			t.Errorf("%v: %v after %d tries, want %v after %d", test.errs, err, tries, test.want, test.tries)
		}
	}
}
