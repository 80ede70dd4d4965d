package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
	"google.golang.org/grpc"
)

// pluginFile is the file in which a Pulumi SDK for Python names the plugin that it needs.
type pluginFile struct {
	Resource         bool                               `json:"resource"`
	Name             string                             `json:"name"`
	Version          string                             `json:"version"`
	Server           string                             `json:"server"`
	Parameterization *pulumirpc.PackageParameterization `json:"parameterization"`
}

// GetRequiredPackages names the plugins that the installed SDKs need. It reads the files pulumi-plugin.json in the
// environment's site-packages itself: running pip would take half a second in every run.
func (h *languageHost) GetRequiredPackages(
	ctx context.Context, req *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	tools, err := resolveToolchain(req.GetInfo())
	if err != nil {
		return nil, err
	}
	if err := tools.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	folders, err := sitePackages(ctx, tools)
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GetRequiredPackagesResponse{}
	for _, folder := range folders {
		packages, err := packagesIn(folder)
		if err != nil {
			return nil, err
		}
		response.Packages = append(response.Packages, packages...)
	}
	return response, nil
}

// sitePackages returns the folders of the environment's packages. Without a virtual environment Python has to be asked.
func sitePackages(ctx context.Context, tools toolchain.Toolchain) ([]string, error) {
	environment, err := tools.VirtualEnvPath(ctx)
	if err != nil {
		return nil, fmt.Errorf("finding the virtual environment: %w", err)
	}
	if environment != "" {
		return filepath.Glob(filepath.Join(environment, "lib", "python*", "site-packages"))
	}
	cmd, err := tools.Command(ctx, "-c", "import json, sys; print(json.dumps([p for p in sys.path if p]))")
	if err != nil {
		return nil, fmt.Errorf("preparing the start of Python: %w", err)
	}
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("asking Python for its package folders: %w", err)
	}
	var folders []string
	if err := json.Unmarshal(output, &folders); err != nil {
		return nil, fmt.Errorf("reading Python's package folders: %w", err)
	}
	return folders, nil
}

// packagesIn reads the plugin files of the SDKs in one folder, ordered by name.
func packagesIn(folder string) ([]*pulumirpc.PackageDependency, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*", "pulumi-plugin.json"))
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	var packages []*pulumirpc.PackageDependency
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var plugin pluginFile
		if err := json.Unmarshal(content, &plugin); err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		if plugin.Resource {
			packages = append(packages, dependency(plugin, filepath.Base(filepath.Dir(file))))
		}
	}
	return packages, nil
}

// dependency describes a plugin to the engine. An SDK without a name in its file is named after its folder.
func dependency(plugin pluginFile, folder string) *pulumirpc.PackageDependency {
	name := plugin.Name
	if name == "" {
		name = strings.ReplaceAll(strings.TrimPrefix(folder, "pulumi_"), "_", "-")
	}
	plugin.Version = strings.TrimPrefix(plugin.Version, "v")
	return &pulumirpc.PackageDependency{
		Name: name, Kind: "resource", Version: plugin.Version, Server: plugin.Server,
		Parameterization: plugin.Parameterization,
	}
}

// GetProgramDependencies lists the Python packages of the environment, for `pulumi about`.
func (h *languageHost) GetProgramDependencies(
	ctx context.Context, req *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	tools, err := resolveToolchain(req.GetInfo())
	if err != nil {
		return nil, err
	}
	packages, err := tools.ListPackages(ctx, req.GetTransitiveDependencies())
	if err != nil {
		return nil, fmt.Errorf("listing the Python packages: %w", err)
	}
	response := &pulumirpc.GetProgramDependenciesResponse{}
	for _, one := range packages {
		response.Dependencies = append(response.Dependencies,
			&pulumirpc.DependencyInfo{Name: one.Name, Version: one.Version})
	}
	return response, nil
}

// InstallDependencies creates the virtual environment of a program or pack and installs its requirements.
func (h *languageHost) InstallDependencies(
	req *pulumirpc.InstallDependenciesRequest,
	stream grpc.ServerStreamingServer[pulumirpc.InstallDependenciesResponse],
) error {
	tools, err := resolveToolchain(req.GetInfo())
	if err != nil {
		return err
	}
	var mu sync.Mutex
	stdout := &streamWriter{&mu, func(text []byte) error {
		return stream.Send(&pulumirpc.InstallDependenciesResponse{Stdout: text})
	}}
	stderr := &streamWriter{&mu, func(text []byte) error {
		return stream.Send(&pulumirpc.InstallDependenciesResponse{Stderr: text})
	}}
	return tools.InstallDependencies(
		stream.Context(), req.GetInfo().GetProgramDirectory(), req.GetUseLanguageVersionTools(), true, stdout, stderr)
}
