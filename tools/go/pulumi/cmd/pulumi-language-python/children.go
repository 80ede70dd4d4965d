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

// grace is the time that a child's process group has to end by itself after it was asked to.
const grace = 500 * time.Millisecond

// children keeps track of the processes that this host started, each the leader of a process group of its own.
type children struct {
	mu      sync.Mutex
	running map[int]struct{}
	group   sync.WaitGroup
	closed  bool
}

// run starts the command and waits for it. When the context ends, the command's whole process group is asked to end
// and then killed: a toolchain (uv, poetry) puts a process between this host and Python, and killing that one alone
// would leave Python behind with the engine's pipes open.
func (c *children) run(ctx context.Context, cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(cmd.SysProcAttr)
	// The parent, to the system, is the thread: it must not end before the child does.
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

// start starts the command unless the host is already ending, in which case nobody would end the child.
func (c *children) start(cmd *exec.Cmd) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errors.New("the Python language host is ending")
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

// endAll ends every child that still runs and returns when all are gone; no further one can be started.
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

// endGroup asks a process group to end and kills it when it has not ended in time. Python ends at once and silently on
// SIGTERM; on SIGINT it would print a traceback into the engine's output.
func endGroup(pid int, ended <-chan struct{}) {
	_ = syscall.Kill(-pid, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(grace):
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}
