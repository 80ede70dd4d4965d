// Command pulumi-resource-docker is the Docker provider plugin: the Terraform provider for Docker behind Pulumi's
// Terraform bridge, with the tokens and property names of the Python package pulumi-docker.
//
// It is for networks from which the official plugin cannot be downloaded. The native resource docker.Image, which the
// official plugin adds to the bridge, is not in it.
package main

import (
	"encoding/json"
	"os"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
)

// version is the version of the Python package that this plugin serves; set by the linker.
var version = "0.0.0-dev"

func main() {
	info := provider()
	if len(os.Args) == 2 && os.Args[1] == "-property-names" {
		if err := json.NewEncoder(os.Stdout).Encode(propertyNames(info)); err != nil {
			cmdutil.ExitError(err.Error())
		}
		return
	}
	// Only code generators use the schema document; the engine and the Python package do not.
	tfbridge.Main(packageName, version, info, []byte(`{"name": "`+packageName+`", "version": "`+version+`"}`))
}
