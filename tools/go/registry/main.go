// Command registry is the released OCI registry with what a workspace configures, and no more: storage in a folder and
// users in a file. The storage drivers for clouds are left out; their clients are half of what a build would compile.
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	if registry.RootCmd.Execute() != nil { // the command has printed the error
		os.Exit(1)
	}
}
