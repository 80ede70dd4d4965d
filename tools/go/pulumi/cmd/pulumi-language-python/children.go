package main

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// grace is the time that a child's process group has to exit after SIGTERM.
const grace = 500 * time.Millisecond

// children tracks the processes that this host started, each the leader of its own process group.
type children struct {
	mu      sync.Mutex
	running map[int]struct{}
	group   sync.WaitGroup
	closed  bool
}

// run starts the command and waits for it. When the context ends, the command's whole process group is terminated, then
// killed: toolchains (uv, poetry) put a process between this host and Python, and killing only that one would leave
// Python behind with the engine's pipes open.
func (c *children) run(ctx context.Context, cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(cmd.SysProcAttr)
	// To the kernel the parent is the thread, which must not end before the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := c.start(cmd); err != nil {
		return err
	}
	pid := cmd.Process.Pid
	ended := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-ended:
		case <-ctx.Done():
			endGroup(pid, ended)
		}
	}()
	err := cmd.Wait()
	close(ended)
	<-watched
	c.forget(pid)
	return err
}

// start starts the command, unless the host is shutting down: then nothing would end the child.
func (c *children) start(cmd *exec.Cmd) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errors.New("the Python language host is shutting down")
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c.running[cmd.Process.Pid] = struct{}{}
	c.group.Add(1)
	return nil
}

func (c *children) forget(pid int) {
	c.mu.Lock()
	delete(c.running, pid)
	c.mu.Unlock()
	c.group.Done()
}

// endAll ends all running children and returns when they have exited; no further child can be started.
func (c *children) endAll() {
	c.mu.Lock()
	c.closed = true
	gone := make(chan struct{})
	for pid := range c.running {
		go endGroup(pid, gone)
	}
	c.mu.Unlock()
	c.group.Wait()
	close(gone)
}

// endGroup terminates a process group and kills it if it does not exit in time. Python exits silently on SIGTERM; on
// SIGINT it would print a traceback into the engine's output.
func endGroup(pid int, ended <-chan struct{}) {
	_ = syscall.Kill(-pid, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(grace):
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}
