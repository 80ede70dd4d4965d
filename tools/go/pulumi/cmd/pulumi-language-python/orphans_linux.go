package main

import "syscall"

// endWithParent makes the kernel kill a child when the thread that started it ends: a host that is killed cannot end its
// children, and the engine would wait forever for a program whose host is gone.
func endWithParent(attributes *syscall.SysProcAttr) {
	attributes.Pdeathsig = syscall.SIGKILL
}
