// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/containers/podman/v4/pkg/bindings/images"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/records"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// maxImageConfig limits the size of an image configuration, in bytes. Real ones
// are far smaller.
const maxImageConfig = 16 << 20

// extraOnBuild is a key of Record.Extra: ONBUILD instructions as a JSON list.
const extraOnBuild = "onbuild"

// onBuild returns the ONBUILD instructions of an image. The API does not report
// them. They are read from the store if it is on this machine, else from an
// export of the image.
func (e *Engine) onBuild(c context.Context, image api.Image) ([]string, error) {
	if e.service.Local() {
		store, err := e.imageStore(c, image.ID)
		if err != nil {
			return nil, err
		}
		if list, err := storedOnBuild(store, image.ID); err == nil {
			return list, nil
		}
	}
	if r, err := e.records.Get(records.Base, image.ID); err == nil {
		var list []string
		if json.Unmarshal([]byte(r.Extra[extraOnBuild]), &list) == nil {
			return list, nil
		}
	}
	list, err := exportedOnBuild(c, image.ID)
	if err != nil {
		return nil, err
	}
	if text, err := json.Marshal(list); err == nil { // the ID is a digest: it stays true
		r := e.newRecord(records.Base, image.ID)
		r.Extra = map[string]string{extraOnBuild: string(text)}
		if err := e.records.Put(r); err != nil {
			e.log.Debug("cannot record a base image", "err", err)
		}
	}
	return list, nil
}

// imageStore returns the directory of the images of the store that has an image, as
// the service names it. The path of a layer tells; only for other storage drivers is
// podman asked about itself.
func (e *Engine) imageStore(c context.Context, id string) (string, error) {
	report, err := images.GetImage(c, id, nil)
	if err != nil {
		return "", engineError("inspect image "+id, err)
	}
	if report.ImageData != nil && report.GraphDriver != nil {
		if store := storeOfLayer(report.GraphDriver.Name, report.GraphDriver.Data["UpperDir"]); store != "" {
			return store, nil
		}
	}
	info, err := e.Info(c)
	if err != nil {
		return "", err
	}
	return filepath.Join(info.Store.GraphRoot, info.Store.GraphDriverName+"-images"), nil
}

// storeOfLayer returns the directory of the images beside a layer, whose path is
// ROOT/DRIVER/LAYER/diff, or "" for another path.
func storeOfLayer(driver, upper string) string {
	layers := filepath.Dir(filepath.Dir(upper))
	if !filepath.IsAbs(upper) || filepath.Base(upper) != "diff" || filepath.Base(layers) != driver {
		return ""
	}
	return layers + "-images"
}

// storedOnBuild reads the ONBUILD instructions of an image from the directory of
// a store's images. The file name of the configuration is derived from its
// digest.
func storedOnBuild(store, id string) ([]string, error) {
	if !filepath.IsAbs(store) {
		return nil, fmt.Errorf("the store %q has no absolute path", store)
	}
	name := "=" + base64.StdEncoding.EncodeToString([]byte("sha256:"+id))
	data, err := safefs.ReadFile(filepath.Join(store, id, name), maxImageConfig)
	if err != nil {
		return nil, err
	}
	return parseOnBuild(data)
}

// exportedOnBuild reads the ONBUILD instructions of an image from an export,
// which ends when they are found.
func exportedOnBuild(c context.Context, id string) ([]string, error) {
	c, stop := context.WithCancel(c)
	defer stop()
	read, write := io.Pipe()
	defer read.Close()
	go func() {
		err := images.Export(c, []string{id}, write, new(images.ExportOptions).WithFormat("docker-archive"))
		_ = write.CloseWithError(err) // nil becomes io.EOF
	}()
	return archivedOnBuild(read, id)
}

// archivedOnBuild reads the ONBUILD instructions of an image from an archive.
// The image's ID is the digest of its configuration, so that the archive cannot
// contain a wrong one.
func archivedOnBuild(archive io.Reader, id string) ([]string, error) {
	for files := tar.NewReader(archive); ; {
		head, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("the export of image %s has no configuration", id)
		}
		if err != nil {
			return nil, engineError("export image "+id, err)
		}
		if head.Name != id+".json" || head.Typeflag != tar.TypeReg {
			continue
		}
		data, err := safefs.ReadAll(files, maxImageConfig)
		if err != nil {
			return nil, engineError("export image "+id, err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != id {
			return nil, fmt.Errorf("the export of image %s has the configuration of another one", id)
		}
		return parseOnBuild(data)
	}
}

func parseOnBuild(data []byte) ([]string, error) {
	var config struct {
		Config struct {
			OnBuild []string `json:"OnBuild"`
		} `json:"config"`
	}
	err := json.Unmarshal(data, &config)
	return config.Config.OnBuild, err
}
