package server

import (
	"crypto/tls"
	"os"
	"sync"
	"time"

	"ml-workspace/tools/go/insights/config"
)

// certificate is the server's certificate, read again when its file has changed.
type certificate struct {
	paths    config.TLS
	mutex    sync.Mutex
	loaded   *tls.Certificate
	modified time.Time
}

func (current *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	current.mutex.Lock()
	defer current.mutex.Unlock()
	info, err := os.Stat(current.paths.Certificate)
	if err == nil && current.loaded != nil && info.ModTime().Equal(current.modified) {
		return current.loaded, nil
	}
	pair, errPair := tls.LoadX509KeyPair(current.paths.Certificate, current.paths.PrivateKey)
	if err != nil || errPair != nil {
		// Half of a pair may be written; the previous one is good until the other half is there.
		if current.loaded != nil {
			return current.loaded, nil
		}
		return nil, errPair
	}
	current.loaded, current.modified = &pair, info.ModTime()
	return current.loaded, nil
}
