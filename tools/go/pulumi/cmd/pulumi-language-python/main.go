// Command pulumi-language-python is the language host for Pulumi programs, policy packs and plugins written in Python.
//
// It is for networks from which the official host cannot be downloaded: a thin server around the SDK's toolchain package,
// which supports virtual environments, uv and poetry. Two scripts of the SDK have to be in its folder:
// pulumi-language-python-exec, which runs a program, and pulumi-resource-pulumi-python, which serves dynamic providers.
// It does not generate code (convert, package add).
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// version is the version of the Pulumi SDK that this host belongs to; set by the linker.
var version = "0.0.0-dev"

const executorName = "pulumi-language-python-exec"

func main() {
	tracing := flag.String("tracing", "", "address that receives tracing data")
	flag.Parse()
	logging.InitLogging(false, 0, false)
	cmdutil.InitTracing("pulumi-language-python", "pulumi-language-python", *tracing)

	executor, err := findExecutor()
	if err != nil {
		cmdutil.Exit(err)
	}
	// The engine interrupts a plugin and then waits for its output to close. Children keep that output open, so they have
	// to end first, or every failing run takes five seconds longer, the engine's grace period.
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	host := newHost(executor, flag.Arg(0), *tracing)
	if err := serve(interrupted, host); err != nil {
		cmdutil.Exit(err)
	}
}

// serve handles the engine's requests until the engine exits or interrupts the host, then ends all children.
func serve(interrupted context.Context, host *languageHost) error {
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, host)
			return nil
		},
		Options: rpcutil.TracingServerInterceptorOptions(nil),
	})
	if err != nil {
		return fmt.Errorf("starting the server of the Python language host: %w", err)
	}
	// The engine reads the port from the first line of the output.
	fmt.Println(handle.Port)

	select {
	case err = <-handle.Done:
	case <-interrupted.Done():
	}
	host.children.endAll()
	if err != nil {
		return fmt.Errorf("serving the Python language host: %w", err)
	}
	return nil
}

// findExecutor returns the script that runs a Python program: the one in this binary's folder, else the one on PATH.
func findExecutor() (string, error) {
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), executorName)
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	path, err := exec.LookPath(executorName)
	if err != nil {
		return "", fmt.Errorf("finding %s: it is neither beside the language host nor on PATH", executorName)
	}
	return path, nil
}
