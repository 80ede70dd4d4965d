// Package shim hands out the Terraform provider for Docker, which upstream keeps in an internal package.
//
// Go allows an import of an internal package by import path, not by place: this module's path lies below the
// provider's own, so it may import it, and nothing else in this repository needs to.
package shim

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// NewProvider returns the provider's resources and data sources that are built on version 2 of the plugin SDK. Those
// built on the newer plugin framework (compose, actions) are no part of the Pulumi package either.
func NewProvider(version string) *schema.Provider {
	made := provider.New(version)()
	withoutWaiting(made.ResourcesMap["docker_network"])
	refusingOthers(made.ResourcesMap["docker_volume"])
	removingAtOnce(made.ResourcesMap["docker_volume"])
	return made
}
