package main

import (
	"strings"
	"unicode"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-docker/shim"
)

const (
	packageName = "docker"
	// maxNameLength is the limit of generated names ("<logical name>-<random>").
	maxNameLength = 255
)

// resourceNames maps Terraform's resource types to the Python SDK's class names. Two of them do not follow the general
// rule: RemoteImage and ServiceConfig.
var resourceNames = map[string]string{
	"docker_buildx_builder": "BuildxBuilder",
	"docker_config":         "ServiceConfig",
	"docker_container":      "Container",
	"docker_image":          "RemoteImage",
	"docker_network":        "Network",
	"docker_plugin":         "Plugin",
	"docker_registry_image": "RegistryImage",
	"docker_secret":         "Secret",
	"docker_service":        "Service",
	"docker_tag":            "Tag",
	"docker_volume":         "Volume",
}

// dataSourceNames maps Terraform's data sources to the Python SDK's functions.
var dataSourceNames = map[string]string{
	"docker_image":                    "getRemoteImage",
	"docker_logs":                     "getLogs",
	"docker_network":                  "getNetwork",
	"docker_plugin":                   "getPlugin",
	"docker_registry_image":           "getRegistryImage",
	"docker_registry_image_manifests": "getRegistryImageManifests",
}

// provider describes the bridge: which Terraform resource is which Pulumi type, and which property names do not follow
// the bridge's rule (camel case, plural for lists).
func provider() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:           shimv2.NewProvider(shim.NewProvider(version)),
		Name:        packageName,
		Version:     version,
		Config:      configuration(),
		Resources:   map[string]*tfbridge.ResourceInfo{},
		DataSources: map[string]*tfbridge.DataSourceInfo{},
	}
	for terraform, name := range resourceNames {
		info.Resources[terraform] = &tfbridge.ResourceInfo{Tok: tokens.Type(member(name))}
	}
	for terraform, name := range dataSourceNames {
		info.DataSources[terraform] = &tfbridge.DataSourceInfo{Tok: tokens.ModuleMember(member(name))}
	}
	container := info.Resources["docker_container"]
	// A container's name and ports are in use until it is removed, so the new one cannot be created first.
	container.DeleteBeforeReplace = true
	container.Fields = map[string]*tfbridge.SchemaInfo{
		"command":           {Name: "command"},
		"networks_advanced": {Name: "networksAdvanced"},
	}
	info.SetAutonaming(maxNameLength, "-")
	return info
}

// configuration describes the provider's settings: the engine's address comes from the environment, as for Docker's
// command line.
func configuration() map[string]*tfbridge.SchemaInfo {
	return map[string]*tfbridge.SchemaInfo{
		"host": {
			Default: &tfbridge.DefaultInfo{
				EnvVars: []string{"DOCKER_HOST"},
				Value:   "unix:///var/run/docker.sock",
			},
		},
		"registry_auth": {Name: "registryAuth", MaxItemsOne: tfbridge.False()},
	}
}

// member returns the token of a resource or function, "docker:index/container:Container" for "Container".
func member(name string) string {
	first := []rune(name)[0]
	return packageName + ":index/" + string(unicode.ToLower(first)) + strings.TrimPrefix(name, string(first)) + ":" + name
}
