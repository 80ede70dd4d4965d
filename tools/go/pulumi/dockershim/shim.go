// Package shim exports the Terraform provider for Docker, which is in an internal package upstream.
//
// Go decides by import path who may import an internal package: this module's path is below the provider's, so it may.
package shim

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// NewProvider returns the provider's resources and data sources that use version 2 of the plugin SDK. Those that use the
// newer plugin framework (compose, actions) are not in the Pulumi package either.
func NewProvider(version string) *schema.Provider {
	made := provider.New(version)()
	withoutWaiting(made.ResourcesMap["docker_network"])
	refusingOthers(made.ResourcesMap["docker_volume"])
	removingAtOnce(made.ResourcesMap["docker_volume"])
	return made
}
