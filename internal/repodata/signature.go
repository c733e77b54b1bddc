// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// ErrSignature says that a signature is wrong, or made with no key of the keyring.
var ErrSignature = errors.New("bad signature")

const (
	clearsignMark = "-----BEGIN PGP SIGNED MESSAGE-----"
	armorMark     = "-----BEGIN PGP "
	maxKeyring    = 16 << 20
	maxSignature  = 1 << 20
	maxSignatures = 64
)

// keyring reads a file of public keys. It is nil, with the reason, when there
// is none; a file that cannot be read as one is an error.
func keyring(name string) (openpgp.EntityList, string, error) {
	if name == "" {
		return nil, "no keyring given", nil
	}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Sprintf("no keyring %s on this machine", name), nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("cannot read the keyring: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(&limitReader{r: f, left: maxKeyring, limit: maxKeyring})
	if err != nil {
		return nil, "", fmt.Errorf("cannot read the keyring %s: %w", name, err)
	}
	read := openpgp.ReadKeyRing
	if bytes.HasPrefix(text, []byte(armorMark)) {
		read = openpgp.ReadArmoredKeyRing
	}
	keys, err := read(bytes.NewReader(text))
	if err != nil {
		return nil, "", fmt.Errorf("cannot read the keyring %s: %w", name, err)
	}
	if len(keys) == 0 {
		return nil, "", fmt.Errorf("keyring %s holds no keys", name)
	}
	return keys, "", nil
}

// verifyClearsigned returns the signed text of an InRelease file. Nothing that
// stands before or after that text is returned.
func verifyClearsigned(keyringFile string, signed []byte, now time.Time) ([]byte, Signature, error) {
	if !bytes.HasPrefix(signed, []byte(clearsignMark)) {
		return nil, Signature{}, fmt.Errorf("%w: not a signed message", ErrSignature)
	}
	block, rest := clearsign.Decode(signed)
	if block == nil {
		return nil, Signature{}, fmt.Errorf("%w: not a signed message", ErrSignature)
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, Signature{}, fmt.Errorf("%w: text after the signed message", ErrSignature)
	}
	sig, err := verifySignatures(keyringFile, block.Bytes, block.ArmoredSignature.Body, now)
	return block.Bytes, sig, err
}

// detachedSignature verifies what the document at url is, by the signature in
// the file at sigURL. A document without one is not signed, which is an error
// where the keyring is installed.
func (c *Client) detachedSignature(ctx context.Context, url, sigURL string, body []byte, keyringFile string) (Signature, error) {
	sig := Signature{URL: redacted(url)}
	keys, why, err := keyring(keyringFile)
	if err != nil {
		return sig, err
	}
	if keys == nil {
		sig.Detail = why
		return sig, nil
	}
	doc, err := c.document(ctx, sigURL, maxSignature)
	if errors.Is(err, ErrNotFound) {
		return sig, fmt.Errorf("%s: %w: not signed", redacted(url), ErrSignature)
	}
	if err != nil {
		return sig, err
	}
	packets := io.Reader(bytes.NewReader(doc.body))
	if bytes.HasPrefix(doc.body, []byte(armorMark)) {
		block, err := armor.Decode(packets)
		if err != nil {
			return sig, fmt.Errorf("%s: %w: %w", redacted(sigURL), ErrSignature, err)
		}
		packets = block.Body
	}
	sig, err = verifySignatures(keyringFile, body, packets, c.opts.Now())
	if err != nil {
		return sig, fmt.Errorf("%s: %w", redacted(url), err)
	}
	sig.URL = redacted(url)
	return sig, nil
}

// verifySignatures requires one good signature by a key of the keyring and no
// wrong one. A release is often signed with several keys, and the keyring need
// not have all of them.
func verifySignatures(keyringFile string, text []byte, signatures io.Reader, now time.Time) (Signature, error) {
	keys, why, err := keyring(keyringFile)
	if err != nil {
		return Signature{}, err
	}
	if keys == nil {
		return Signature{Detail: why}, nil
	}
	var good string
	var unusable []error
	packets := packet.NewReader(signatures)
	for range maxSignatures {
		p, err := packets.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Signature{}, fmt.Errorf("%w: %w", ErrSignature, err)
		}
		sig, ok := p.(*packet.Signature)
		if !ok {
			return Signature{}, fmt.Errorf("%w: something else where signatures are expected", ErrSignature)
		}
		signer, err := verifyOne(keys, text, sig, now)
		switch {
		case err == nil:
			good = signer
		case isWrong(err):
			return Signature{}, fmt.Errorf("%w: %w", ErrSignature, err)
		default:
			unusable = append(unusable, err)
		}
	}
	if good == "" {
		return Signature{}, fmt.Errorf("%w: by no key of %s: %w", ErrSignature, keyringFile, errors.Join(unusable...))
	}
	return Signature{Verified: true, Detail: "signed by " + good}, nil
}

// isWrong reports whether a signature does not match the text. Signatures that
// cannot be verified or have expired are not wrong.
func isWrong(err error) bool {
	var wrong pgperrors.SignatureError
	return errors.As(err, &wrong)
}

var errWeakHash = errors.New("made with a hash that proves nothing")

// verifyOne verifies one signature and names the key that made it.
func verifyOne(keys openpgp.EntityList, text []byte, sig *packet.Signature, now time.Time) (string, error) {
	switch sig.Hash {
	case crypto.MD5, crypto.SHA1, crypto.RIPEMD160:
		return "", errWeakHash
	}
	var one bytes.Buffer
	if err := sig.Serialize(&one); err != nil {
		return "", err
	}
	config := &packet.Config{Time: func() time.Time { return now }}
	signer, err := openpgp.CheckDetachedSignature(keys, bytes.NewReader(text), &one, config)
	if err != nil {
		if sig.IssuerKeyId != nil {
			err = fmt.Errorf("key %016X: %w", *sig.IssuerKeyId, err)
		}
		return "", err
	}
	name := fmt.Sprintf("%X", signer.PrimaryKey.Fingerprint)
	if id := signer.PrimaryIdentity(); id != nil && printable(id.Name) {
		name = id.Name + ", " + name
	}
	return name, nil
}
