// Command inference is the front of a workspace's online endpoints: Caddy with the modules that it needs and one of our own,
// which knows the endpoints.
package main

import (
	"flag"
	"fmt"
	"os"

	"ml-workspace/tools/go/inference/front"
	"ml-workspace/tools/go/inference/publishing"
)

// version is set by the linker: that of Caddy.
var version = "unknown"

func main() {
	path := flag.String("config", "/etc/inference/config.json", "configuration file")
	asked := flag.Bool("version", false, "print the version and exit")
	flag.Parse()
	switch {
	case *asked:
		fmt.Println("inference", version)
	case flag.Arg(0) == "publish":
		exit(publishing.Request())
	default:
		exit(front.Run(*path))
	}
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "inference:", err)
		os.Exit(1)
	}
}
