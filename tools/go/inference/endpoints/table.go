package endpoints

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

const (
	// turn is added, modulo 100, for each request: a number without a common divisor with 100, so that each hundred
	// requests are split exactly, and evenly within.
	turn = 61

	tryFor, tryEvery    = 2 * time.Second, 50 * time.Millisecond
	dialTimeout         = time.Second
	avoidFailedFor      = 2 * time.Second
	keepUnusedFor       = time.Second // servers of models close unused connections after two seconds or more
	maximumUnused       = 32
	deploymentHeader    = "azureml-model-deployment"
	authorizationHeader = "Authorization"
)

// table is the endpoints that are in force; a new one replaces it as a whole.
type table struct {
	endpoints map[string]*endpoint
	requests  sync.WaitGroup
	close     context.CancelFunc
}

type endpoint struct {
	name        string
	isOpen      bool
	keys        [][sha256.Size]byte
	deployments []*deployment
	position    atomic.Uint32
	mirrored    atomic.Uint32
}

type deployment struct {
	deploymentEntry
	proxy *reverseproxy.Handler
}

// newTable makes the endpoints of a document ready.
func newTable(parent caddy.Context, found document) (*table, error) {
	ctx, cancel := caddy.NewContext(parent)
	made := &table{endpoints: map[string]*endpoint{}, close: cancel}
	for _, entry := range found.Endpoints {
		one := &endpoint{name: entry.Name, isOpen: entry.Auth == "none"}
		for _, hash := range entry.KeyHashes {
			var key [sha256.Size]byte
			if _, err := hex.Decode(key[:], []byte(hash)); err != nil {
				cancel()
				return nil, err
			}
			one.keys = append(one.keys, key)
		}
		for _, described := range entry.Deployments {
			proxy, err := newProxy(ctx, described)
			if err != nil {
				cancel()
				return nil, fmt.Errorf("endpoint '%s', deployment '%s': %w", entry.Name, described.Name, err)
			}
			one.deployments = append(one.deployments, &deployment{described, proxy})
		}
		made.endpoints[entry.Name] = one
	}
	return made, nil
}

type object = map[string]any

func newProxy(ctx caddy.Context, described deploymentEntry) (*reverseproxy.Handler, error) {
	upstreams := make([]object, len(described.Upstreams))
	for number, address := range described.Upstreams {
		upstreams[number] = object{"dial": address, "max_requests": described.MaxConcurrent}
	}
	settings := object{
		"upstreams": upstreams,
		// A request is sent again only if no connection could be made, or if it is a GET.
		"load_balancing": object{
			"selection_policy": object{"policy": "round_robin"}, "try_duration": tryFor, "try_interval": tryEvery,
		},
		"headers": object{"response": object{"set": object{deploymentHeader: []string{described.Name}}}},
		"transport": object{
			"protocol": "http", "dial_timeout": dialTimeout, "compression": false,
			"response_header_timeout": time.Duration(described.TimeoutMs) * time.Millisecond,
			"keep_alive":              object{"idle_timeout": keepUnusedFor, "max_idle_conns_per_host": maximumUnused},
		},
	}
	if len(upstreams) > 1 { // a single instance is tried in any case
		settings["health_checks"] = object{"passive": object{"fail_duration": avoidFailedFor}}
	}
	document, err := json.Marshal(settings)
	if err != nil {
		return nil, err
	}
	made, err := ctx.LoadModuleByID("http.handlers.reverse_proxy", document)
	if err != nil {
		return nil, err
	}
	return made.(*reverseproxy.Handler), nil
}

// allows compares a key with all of the endpoint, which takes the same time for every key.
func (one *endpoint) allows(key string) bool {
	hash, found := sha256.Sum256([]byte(key)), 0
	for _, known := range one.keys {
		found |= subtle.ConstantTimeCompare(known[:], hash[:])
	}
	return found == 1
}

// choose returns the deployment that serves the next request; nil if none has traffic.
func (one *endpoint) choose() *deployment {
	return pick(one.deployments, &one.position, func(each *deployment) int { return each.Weight })
}

// chooseMirror returns the deployment that gets a copy of the next request; nil for none.
func (one *endpoint) chooseMirror() *deployment {
	return pick(one.deployments, &one.mirrored, func(each *deployment) int { return each.Mirror })
}

func pick(deployments []*deployment, position *atomic.Uint32, share func(*deployment) int) *deployment {
	place := int(position.Add(1) % allTraffic * turn % allTraffic)
	for _, each := range deployments {
		if place -= share(each); place < 0 {
			return each
		}
	}
	return nil
}

func (one *endpoint) named(name string) *deployment {
	for _, each := range one.deployments {
		if each.Name == name {
			return each
		}
	}
	return nil
}

func (one *endpoint) mirrors() bool {
	for _, each := range one.deployments {
		if each.Mirror > 0 {
			return true
		}
	}
	return false
}

// isFull says whether every instance that could be connected to serves as many requests as it may.
func (one *deployment) isFull() bool {
	for _, upstream := range one.proxy.Upstreams {
		if upstream.Full() {
			return true
		}
	}
	return false
}

// path is where the deployment serves a path of the endpoint.
func (one *deployment) path(asked string) string {
	if asked == "/score" {
		return one.ScoringPath
	}
	return asked
}
