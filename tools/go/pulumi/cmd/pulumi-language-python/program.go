package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// bailExitCode is the executor's exit code when it has already shown the error to the user.
const bailExitCode = 32

// Run runs a Pulumi program and returns when it has exited. An error in the program is part of the response, not an error
// of the call.
func (h *languageHost) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	tools, err := resolveToolchain(req.GetInfo())
	if err != nil {
		return nil, err
	}
	if err := tools.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	// Not the context of the call: children.run ends commands, with their whole process group.
	cmd, err := tools.Command(context.WithoutCancel(ctx), h.programArguments(req)...)
	if err != nil {
		return nil, fmt.Errorf("preparing the start of Python: %w", err)
	}
	config, err := configVariables(req)
	if err != nil {
		return nil, err
	}
	cmd.Env = append(environment(cmd), config...)
	cmd.Dir = req.GetPwd()
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return runResponse(h.children.run(ctx, cmd))
}

// programArguments is the command line of the executor.
func (h *languageHost) programArguments(req *pulumirpc.RunRequest) []string {
	arguments := []string{"-u", h.executor}
	option := func(name, value string) {
		if value != "" {
			arguments = append(arguments, "--"+name, value)
		}
	}
	option("monitor", req.GetMonitorAddress())
	option("engine", h.engineAddress)
	option("project", req.GetProject())
	option("stack", req.GetStack())
	option("pwd", req.GetPwd())
	option("dry_run", strconv.FormatBool(req.GetDryRun()))
	option("parallel", strconv.FormatInt(int64(req.GetParallel()), 10))
	option("tracing", h.tracing)
	option("organization", req.GetOrganization())
	option("root_directory", req.GetInfo().GetRootDirectory())
	program := req.GetInfo().GetEntryPoint()
	if program == "" {
		program = "."
	}
	return append(append(arguments, program), req.GetArgs()...)
}

// configVariables passes the stack's configuration. The executor cannot read `null`, so empty values have to be an empty
// object or list.
func configVariables(req *pulumirpc.RunRequest) ([]string, error) {
	values := req.GetConfig()
	if values == nil {
		values = map[string]string{}
	}
	secretKeys := req.GetConfigSecretKeys()
	if secretKeys == nil {
		secretKeys = []string{}
	}
	config, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("writing the stack's configuration for the program: %w", err)
	}
	keys, err := json.Marshal(secretKeys)
	if err != nil {
		return nil, fmt.Errorf("writing the names of the secret settings for the program: %w", err)
	}
	return []string{"PULUMI_CONFIG=" + string(config), "PULUMI_CONFIG_SECRET_KEYS=" + string(keys)}, nil
}

// runResponse reports how the program ended.
func runResponse(err error) (*pulumirpc.RunResponse, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case !errors.As(err, &exit):
		return nil, fmt.Errorf("running the program: %w", err)
	case exit.ExitCode() == bailExitCode:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case exit.Exited():
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("Program exited with exit code %d", exit.ExitCode())}, nil
	default:
		return &pulumirpc.RunResponse{Error: "Program was ended: " + exit.Error()}, nil
	}
}

// environment returns the variables that a command will run with.
func environment(cmd *exec.Cmd) []string {
	if cmd.Env == nil {
		return os.Environ()
	}
	return cmd.Env
}
