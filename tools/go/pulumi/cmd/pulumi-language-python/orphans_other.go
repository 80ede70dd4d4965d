//go:build !linux

package main

import "syscall"

// endWithParent does nothing on systems without this feature.
func endWithParent(*syscall.SysProcAttr) {}
