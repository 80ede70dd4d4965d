//go:build !linux

package main

import "syscall"

// endWithParent does nothing where the system has no such service.
func endWithParent(*syscall.SysProcAttr) {}
