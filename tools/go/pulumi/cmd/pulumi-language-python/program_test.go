package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

func TestConfigurationIsNeverNull(t *testing.T) {
	variables, err := configVariables(&pulumirpc.RunRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"PULUMI_CONFIG={}", "PULUMI_CONFIG_SECRET_KEYS=[]"}; !slices.Equal(variables, want) {
		t.Errorf("found %q, want %q", variables, want)
	}
}

func TestTheProgramIsTheFolderByDefault(t *testing.T) {
	host := newHost("executor", "engine:1", "")
	arguments := host.programArguments(&pulumirpc.RunRequest{DryRun: true, Stack: "dev"})
	if last := arguments[len(arguments)-1]; last != "." {
		t.Errorf("found %q, want the folder itself", last)
	}
	line := strings.Join(arguments, " ")
	for _, part := range []string{"-u executor", "--engine engine:1", "--dry_run true", "--stack dev"} {
		if !strings.Contains(line, part) {
			t.Errorf("%q is missing in %q", part, line)
		}
	}
}

func TestTheExecutorsBailCodeMeansThatTheErrorWasShown(t *testing.T) {
	response, err := runResponse(exec.Command("/bin/sh", "-c", "exit 32").Run())
	if err != nil || !response.GetBail() || response.GetError() != "" {
		t.Errorf("found %v, %v", response, err)
	}
}

func TestAnotherExitCodeIsQuoted(t *testing.T) {
	response, err := runResponse(exec.Command("/bin/sh", "-c", "exit 3").Run())
	if err != nil || response.GetBail() || response.GetError() != "Program exited with exit code 3" {
		t.Errorf("found %v, %v", response, err)
	}
}

func TestRuntimeOptions(t *testing.T) {
	cases := map[string]struct {
		options map[string]any
		refusal string
	}{
		"none":                      {map[string]any{}, ""},
		"a virtual environment":     {map[string]any{"virtualenv": ".venv"}, ""},
		"a known toolchain":         {map[string]any{"toolchain": "uv"}, ""},
		"an unknown toolchain":      {map[string]any{"toolchain": "conda"}, "allowed: auto, pip, poetry, uv"},
		"an option of the official": {map[string]any{"typechecker": "mypy"}, "allowed options: toolchain, virtualenv"},
		"a value that is no string": {map[string]any{"virtualenv": 1.0}, "must be a string"},
	}
	for name, tried := range cases {
		t.Run(name, func(t *testing.T) {
			options, err := structpb.NewStruct(tried.options)
			if err != nil {
				t.Fatal(err)
			}
			_, err = parseOptions(&pulumirpc.ProgramInfo{Options: options})
			if (tried.refusal == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), tried.refusal)) {
				t.Errorf("found the error %v, want %q", err, tried.refusal)
			}
		})
	}
}
