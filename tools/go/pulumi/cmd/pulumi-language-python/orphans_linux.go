package main

import "syscall"

// endWithParent has the system kill a child when the thread that started it ends: a host that is killed ends nobody
// itself, and the engine would wait for ever for a program whose host is gone.
func endWithParent(attributes *syscall.SysProcAttr) {
	attributes.Pdeathsig = syscall.SIGKILL
}
