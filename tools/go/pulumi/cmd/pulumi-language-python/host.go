package main

import (
	"context"
	"fmt"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
	"google.golang.org/protobuf/types/known/emptypb"
)

// languageHost implements the engine's LanguageRuntime service for Python.
type languageHost struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	executor      string
	engineAddress string
	tracing       string
	children      *children
}

func newHost(executor, engineAddress, tracing string) *languageHost {
	return &languageHost{
		executor:      executor,
		engineAddress: engineAddress,
		tracing:       tracing,
		children:      &children{running: map[int]struct{}{}},
	}
}

// Handshake tells the host the engine's address; a host that was started manually learns it only here.
func (h *languageHost) Handshake(
	_ context.Context, req *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	if req.GetEngineAddress() != "" {
		h.engineAddress = req.GetEngineAddress()
	}
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

// GetPluginInfo returns the version of the SDK that the host was built from.
func (h *languageHost) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

// Cancel ends all children; the calls that wait for them return an error.
func (h *languageHost) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.children.endAll()
	return &emptypb.Empty{}, nil
}

// About describes the Python that runs the programs of this project, for `pulumi about` and at the start of every update.
// It only runs Python: the SDK's implementation runs pip too, which takes half a second each time.
func (h *languageHost) About(ctx context.Context, req *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	tools, err := resolveToolchain(req.GetInfo())
	if err != nil {
		return nil, err
	}
	cmd, err := tools.Command(ctx, "--version")
	if err != nil {
		return nil, fmt.Errorf("preparing the start of Python: %w", err)
	}
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("asking Python for its version: %w", err)
	}
	version := strings.TrimPrefix(strings.TrimSpace(string(output)), "Python ")
	return &pulumirpc.AboutResponse{Executable: cmd.Path, Version: version}, nil
}

// resolveToolchain returns the SDK's toolchain for the options below `runtime:` in Pulumi.yaml or PulumiPolicy.yaml.
func resolveToolchain(info *pulumirpc.ProgramInfo) (toolchain.Toolchain, error) {
	options, err := parseOptions(info)
	if err != nil {
		return nil, err
	}
	return toolchain.ResolveToolchain(options)
}

// parseOptions translates the runtime options. Options that this host does not support are an error.
func parseOptions(info *pulumirpc.ProgramInfo) (toolchain.PythonOptions, error) {
	options := toolchain.PythonOptions{Root: info.GetRootDirectory(), ProgramDir: info.GetProgramDirectory()}
	for key, value := range info.GetOptions().AsMap() {
		text, isText := value.(string)
		if !isText {
			return options, fmt.Errorf("runtime option %q: found %v, must be a string", key, value)
		}
		if err := setOption(&options, key, text); err != nil {
			return options, err
		}
	}
	return options, nil
}

// setOption sets one runtime option.
func setOption(options *toolchain.PythonOptions, key, value string) error {
	switch key {
	case "virtualenv":
		options.Virtualenv = value
		return nil
	case "toolchain":
		return setToolchain(options, value)
	default:
		return fmt.Errorf("runtime option %q: found %q, allowed options: toolchain, virtualenv", key, value)
	}
}

// setToolchain chooses the package manager whose environment is used.
func setToolchain(options *toolchain.PythonOptions, value string) error {
	switch value {
	case "auto":
		options.Toolchain = toolchain.Auto
	case "pip":
		options.Toolchain = toolchain.Pip
	case "poetry":
		options.Toolchain = toolchain.Poetry
	case "uv":
		options.Toolchain = toolchain.Uv
	default:
		return fmt.Errorf("runtime option toolchain: found %q, allowed: auto, pip, poetry, uv", value)
	}
	return nil
}
