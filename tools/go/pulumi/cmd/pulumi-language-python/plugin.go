package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// analyzerKind is the engine's name for a policy pack.
const analyzerKind = "analyzer"

// RunPlugin runs a plugin or a policy pack written in Python and streams its output; the first line is the port that it
// serves on. It returns when the plugin exits or the engine cancels the call.
func (h *languageHost) RunPlugin(
	req *pulumirpc.RunPluginRequest, stream grpc.ServerStreamingServer[pulumirpc.RunPluginResponse],
) error {
	ctx := stream.Context()
	tools, err := resolveToolchain(req.GetInfo())
	if err != nil {
		return err
	}
	if err := tools.ValidateVenv(ctx); err != nil {
		return err
	}
	cmd, err := tools.Command(context.WithoutCancel(ctx), pluginArguments(req)...)
	if err != nil {
		return fmt.Errorf("preparing the start of Python: %w", err)
	}
	cmd.Dir = req.GetPwd()
	cmd.Env = append(environment(cmd), req.GetEnv()...)
	cmd.Stdout, cmd.Stderr = pluginOutput(stream)
	return sendExitCode(stream, h.children.run(ctx, cmd))
}

// pluginArguments is the command line of Python: the SDK starts a policy pack, a plugin starts itself.
func pluginArguments(req *pulumirpc.RunPluginRequest) []string {
	program := req.GetInfo().GetProgramDirectory()
	if req.GetKind() == analyzerKind {
		return append(append([]string{"-u", "-m", "pulumi.policy"}, req.GetArgs()...), program)
	}
	return append([]string{"-u", program}, req.GetArgs()...)
}

// sendExitCode ends the stream with the plugin's exit code.
func sendExitCode(stream grpc.ServerStreamingServer[pulumirpc.RunPluginResponse], err error) error {
	var exit *exec.ExitError
	code := 0
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		return fmt.Errorf("running the plugin: %w", err)
	}
	return stream.Send(&pulumirpc.RunPluginResponse{
		Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(code)},
	})
}

// pluginOutput returns writers for a plugin's output and errors.
func pluginOutput(
	stream grpc.ServerStreamingServer[pulumirpc.RunPluginResponse],
) (stdout, stderr io.Writer) {
	var mu sync.Mutex
	return &streamWriter{&mu, func(text []byte) error {
			return stream.Send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stdout{Stdout: text}})
		}}, &streamWriter{&mu, func(text []byte) error {
			return stream.Send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stderr{Stderr: text}})
		}}
}

// streamWriter writes to a stream of the engine. A stream accepts one message at a time, while a child's output and errors
// are read concurrently, so both writers share a lock.
type streamWriter struct {
	mu   *sync.Mutex
	send func([]byte) error
}

func (w *streamWriter) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.send(text); err != nil {
		return 0, err
	}
	return len(text), nil
}
