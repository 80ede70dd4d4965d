package main

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary itself is a host with one child when this variable is set.
const actAsHost = "ACT_AS_HOST"

func TestMain(m *testing.M) {
	if os.Getenv(actAsHost) != "" {
		cmd := exec.Command("/bin/sh", "-c", "echo $$; exec sleep 60")
		cmd.Stdout = os.Stdout
		_ = newHost("", "", "").children.run(context.Background(), cmd)
		return
	}
	os.Exit(m.Run())
}

// startFamily runs a shell that starts another process and waits for it; it returns the second one's id.
func startFamily(t *testing.T, ctx context.Context, all *children) (grandchild int, result <-chan error) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", "sleep 60 & echo $!; wait")
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- all.run(ctx, cmd) }()
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return pid, ended
}

// waitGone waits until a process has ended.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d still runs", pid)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestCancellationEndsTheWholeProcessGroup(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	grandchild, result := startFamily(t, ctx, newHost("", "", "").children)
	cancel()
	if err := <-result; err == nil {
		t.Error("a cancelled command counts as successful")
	}
	waitGone(t, grandchild)
}

func TestShuttingDownEndsEveryProcessGroup(t *testing.T) {
	all := newHost("", "", "").children
	first, firstResult := startFamily(t, context.Background(), all)
	second, secondResult := startFamily(t, context.Background(), all)
	all.endAll()
	<-firstResult
	<-secondResult
	waitGone(t, first)
	waitGone(t, second)
}

func TestAHostThatShutsDownStartsNothing(t *testing.T) {
	all := newHost("", "", "").children
	all.endAll()
	if err := all.run(context.Background(), exec.Command("/bin/true")); err == nil {
		t.Error("a command was started that nothing would end")
	}
}

func TestACommandThatIgnoresTerminationIsKilled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.Command("/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 60; done")
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() { result <- newHost("", "", "").children.run(ctx, cmd) }()
	if _, err := bufio.NewReader(output).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case <-result:
	case <-time.After(10 * grace):
		t.Error("the command outlived its grace")
	}
}

func TestChildrenOfAKilledHostAreKilled(t *testing.T) {
	host := exec.Command(os.Args[0])
	host.Env = append(os.Environ(), actAsHost+"=1")
	output, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = host.Wait()
	waitGone(t, child)
}
