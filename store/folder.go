package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// folderFor says what to do if a file or folder can't be made at path since
// the folder around it isn't there, or isn't ours to write.
func folderFor(path string) error {
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the folder %s isn't there; make it, for the user that bbbridge runs as: mkdir -p %s", folder, folder)
	case errors.Is(err, syscall.ENOTDIR) || err == nil && !info.IsDir():
		return fmt.Errorf("%s is no folder", folder)
	case err != nil:
		return err
	}
	return writable(folder)
}

// writable says so if this user may not make files in a folder.
func writable(folder string) error {
	const write, search = 2, 1
	if err := syscall.Access(folder, write|search); err != nil {
		return fmt.Errorf("this user may not write to the folder %s; run bbbridge as the user whose it is: %w", folder, err)
	}
	return nil
}
