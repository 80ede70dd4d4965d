package endpoints

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	_ "github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

const limit = 1000

// running is the front in Caddy, without Caddy's own server in front of the handler.
type running struct {
	*Handler
	address string
	t       *testing.T
}

func start(t *testing.T, found document) *running {
	t.Helper()
	folder := t.TempDir()
	write(t, folder, published, found)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	server := object{
		"listen": []string{address}, "automatic_https": object{"disable": true},
		"routes": []object{{"handle": []object{
			{"handler": Name, "folder": folder, "maximum_request_bytes": limit}}}},
	}
	config, _ := json.Marshal(object{
		"admin": object{"disabled": true, "config": object{"persist": false}},
		"apps":  object{"http": object{"servers": object{"front": server}}},
	})
	if err := caddy.Load(config, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	app, err := caddy.ActiveContext().App("http")
	if err != nil {
		t.Fatal(err)
	}
	route := app.(*caddyhttp.App).Servers["front"].Routes[0]
	return &running{route.Handlers[0].(*Handler), address, t}
}

func write(t *testing.T, folder, name string, found document) {
	t.Helper()
	content, err := json.Marshal(found)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

type answer struct {
	status     int
	body       string
	deployment string
	code       string
}

func (front *running) ask(path, key string, headers ...string) answer {
	return front.post(path, key, strings.NewReader("{}"), headers...)
}

func (front *running) post(path, key string, body io.Reader, headers ...string) answer {
	front.t.Helper()
	request, err := http.NewRequest(http.MethodPost, "http://"+front.address+path, body)
	if err != nil {
		front.t.Fatal(err)
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	for number := 0; number+1 < len(headers); number += 2 {
		request.Header.Set(headers[number], headers[number+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		front.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		front.t.Fatal(err)
	}
	var told struct{ Error struct{ Code string } }
	if response.StatusCode >= 400 {
		if err := json.Unmarshal(content, &told); err != nil {
			front.t.Fatalf("%d is not explained in JSON: %q", response.StatusCode, content)
		}
	}
	return answer{response.StatusCode, string(content), response.Header.Get(deploymentHeader), told.Error.Code}
}

func (front *running) publish(found document) error {
	front.t.Helper()
	write(front.t, front.Folder, proposed, found)
	return front.Publish()
}

// model is a deployment's server that says its name, the path, and what it got.
func model(t *testing.T, name string) (string, *atomic.Int64) {
	t.Helper()
	count := &atomic.Int64{}
	return serve(t, func(writer http.ResponseWriter, request *http.Request) {
		count.Add(1)
		body, _ := io.ReadAll(request.Body)
		fmt.Fprintf(writer, "%s %s %s auth=%q", name, request.URL.Path, body, request.Header.Get("Authorization"))
	}), count
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func hash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func of(name, upstream string, weight int) deploymentEntry {
	return deploymentEntry{
		Name: name, Upstreams: []string{upstream}, Weight: weight, TimeoutMs: 5000, ScoringPath: "/score",
	}
}

func with(deployments ...deploymentEntry) document {
	keys := []string{hash("first"), hash("second")}
	return document{[]endpointEntry{{Name: "churn", Auth: "key", KeyHashes: keys, Deployments: deployments}}}
}

func expect(t *testing.T, got answer, status int, code string) {
	t.Helper()
	if got.status != status || got.code != code {
		t.Errorf("got %+v, expected %d %s", got, status, code)
	}
}

func TestBothKeysAreAllowedAndDeploymentsGetNeither(t *testing.T) {
	blue, _ := model(t, "blue")
	front := start(t, with(of("blue", blue, 100)))
	for _, key := range []string{"first", "second"} {
		got := front.ask("/churn/score", key)
		if got.status != 200 || got.deployment != "blue" || got.body != `blue /score {} auth=""` {
			t.Errorf("key %s: %+v", key, got)
		}
	}
}

func TestOtherKeysAreRefused(t *testing.T) {
	blue, count := model(t, "blue")
	known := with(of("blue", blue, 100))
	known.Endpoints = append(known.Endpoints, endpointEntry{
		Name: "other", Auth: "key", KeyHashes: []string{hash("third")}, Deployments: []deploymentEntry{of("blue", blue, 100)},
	})
	front := start(t, known)
	for _, key := range []string{"", "wrong", "third", hash("first"), "first " + "x"} {
		expect(t, front.ask("/churn/score", key), 401, "Unauthorized")
	}
	expect(t, front.ask("/churn/score", "", "Authorization", "Basic first"), 401, "Unauthorized")
	expect(t, front.ask("/other/score", "first"), 401, "Unauthorized")
	if count.Load() != 0 {
		t.Error("a request without a valid key reached the deployment")
	}
}

func TestUnknownEndpointsAndDeployments(t *testing.T) {
	blue, _ := model(t, "blue")
	front := start(t, with(of("blue", blue, 100)))
	expect(t, front.ask("/unknown/score", "first"), 404, "EndpointNotFound")
	expect(t, front.ask("/", "first"), 404, "EndpointNotFound")
	expect(t, front.ask("/churn/score", "first", deploymentHeader, "green"), 404, "DeploymentNotFound")
	expect(t, front.ask("/churn/score", "wrong", deploymentHeader, "green"), 401, "Unauthorized")
}

func TestEndpointIsHealthyWithoutKey(t *testing.T) {
	front := start(t, with())
	if got := front.ask("/churn/", ""); got.status != 200 || got.body != "healthy\n" {
		t.Errorf("%+v", got)
	}
}

func TestDeploymentsWithoutTrafficOrInstances(t *testing.T) {
	blue, _ := model(t, "blue")
	empty := of("green", blue, 0)
	empty.Upstreams = nil
	front := start(t, with(of("blue", blue, 0), empty))
	expect(t, front.ask("/churn/score", "first"), 503, "NoTraffic")
	expect(t, front.ask("/churn/score", "first", deploymentHeader, "green"), 503, "NoInstance")
	if got := front.ask("/churn/score", "first", deploymentHeader, "blue"); got.deployment != "blue" || got.status != 200 {
		t.Errorf("%+v", got)
	}
}

func TestTrafficIsSplitExactly(t *testing.T) {
	blue, blues := model(t, "blue")
	green, greens := model(t, "green")
	front := start(t, with(of("blue", blue, 90), of("green", green, 10)))
	for range 1000 {
		front.ask("/churn/score", "first")
	}
	if blues.Load() != 900 || greens.Load() != 100 {
		t.Errorf("%d and %d of 1000 requests", blues.Load(), greens.Load())
	}
}

func TestPathOfTheScoringServer(t *testing.T) {
	blue, _ := model(t, "blue")
	mlflow := of("blue", blue, 100)
	mlflow.ScoringPath = "/invocations"
	front := start(t, with(mlflow))
	if got := front.ask("/churn/score", "first"); !strings.HasPrefix(got.body, "blue /invocations ") {
		t.Errorf("%+v", got)
	}
	if got := front.ask("/churn/swagger.json", "first"); !strings.HasPrefix(got.body, "blue /swagger.json ") {
		t.Errorf("%+v", got)
	}
}

func TestMirroredRequestsAreCopies(t *testing.T) {
	blue, blues := model(t, "blue")
	got := make(chan string, 1000)
	green := serve(t, func(_ http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		got <- request.URL.Path + " " + string(body)
	})
	copied := of("green", green, 0)
	copied.Mirror, copied.ScoringPath = 20, "/invocations"
	front := start(t, with(of("blue", blue, 100), copied))
	for range 100 {
		if one := front.ask("/churn/score", "first"); one.status != 200 || !strings.Contains(one.body, "{}") {
			t.Fatalf("%+v", one)
		}
	}
	front.current.requests.Wait()
	if blues.Load() != 100 || len(got) != 20 {
		t.Errorf("%d requests and %d copies", blues.Load(), len(got))
	}
	if first := <-got; first != "/invocations {}" {
		t.Errorf("the copy is %q", first)
	}
}

func TestMirrorNeverDelaysRequests(t *testing.T) {
	blue, _ := model(t, "blue")
	release := make(chan struct{})
	green := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	copied := of("green", green, 0)
	copied.Mirror = 50
	front := start(t, with(of("blue", blue, 100), copied))
	for range 4 * maximumCopies {
		if one := front.ask("/churn/score", "first"); one.status != 200 {
			t.Fatalf("%+v", one)
		}
	}
	if sent := len(front.mirrors.places); sent != maximumCopies {
		t.Errorf("%d copies are on their way", sent)
	}
	close(release)
}

func TestTooLargeRequests(t *testing.T) {
	blue, _ := model(t, "blue")
	front := start(t, with(of("blue", blue, 100)))
	large := bytes.Repeat([]byte("x"), limit+1)
	expect(t, front.post("/churn/score", "first", bytes.NewReader(large)), 413, "RequestTooLarge")
	unknownLength := io.MultiReader(bytes.NewReader(large))
	expect(t, front.post("/churn/score", "first", unknownLength), 413, "RequestTooLarge")
	if got := front.post("/churn/score", "first", bytes.NewReader(large[:limit])); got.status != 200 {
		t.Errorf("%+v", got)
	}
}

func TestSlowDeployment(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	slow := of("blue", serve(t, func(_ http.ResponseWriter, request *http.Request) {
		io.Copy(io.Discard, request.Body)
		<-release
	}), 100)
	slow.TimeoutMs = 100
	front := start(t, with(slow))
	expect(t, front.ask("/churn/score", "first"), 504, "Timeout")
}

func TestFullDeployment(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	full := of("blue", serve(t, func(http.ResponseWriter, *http.Request) {
		begun <- struct{}{}
		<-release
	}), 100)
	full.MaxConcurrent = 1
	front := start(t, with(full))
	var ended sync.WaitGroup
	ended.Go(func() { front.ask("/churn/score", "first") })
	<-begun
	expect(t, front.ask("/churn/score", "first"), 429, "TooManyRequests")
	close(release)
	ended.Wait()
}

func TestDeadInstanceIsAvoided(t *testing.T) {
	blue, count := model(t, "blue")
	dead := serve(t, nil)
	both := of("blue", blue, 100)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead = closed.Addr().String()
	closed.Close()
	both.Upstreams = []string{dead, blue}
	front := start(t, with(both))
	for range 20 {
		if got := front.ask("/churn/score", "first"); got.status != 200 {
			t.Fatalf("%+v", got)
		}
	}
	if count.Load() != 20 {
		t.Errorf("%d of 20 requests were served once", count.Load())
	}
}

func TestRequestThatWasSentIsNotRepeated(t *testing.T) {
	var count atomic.Int64
	broken := of("blue", serve(t, func(writer http.ResponseWriter, request *http.Request) {
		count.Add(1)
		io.Copy(io.Discard, request.Body)
		connection, _, _ := writer.(http.Hijacker).Hijack()
		connection.Close()
	}), 100)
	front := start(t, with(broken))
	expect(t, front.ask("/churn/score", "first"), 502, "BadGateway")
	if count.Load() != 1 {
		t.Errorf("the request was sent %d times", count.Load())
	}
}

func TestPublishingUnderLoadFailsNoRequest(t *testing.T) {
	blue, _ := model(t, "blue")
	green, greens := model(t, "green")
	first, second := with(of("blue", blue, 100)), with(of("green", green, 100))
	front := start(t, first)
	ctx, stop := context.WithCancel(context.Background())
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for ctx.Err() == nil {
				if got := front.ask("/churn/score", "second"); got.status != 200 {
					t.Errorf("%+v", got)
				}
			}
		})
	}
	for number := range 50 {
		next := []document{second, first}[number%2]
		// The first key rotates; clients use the second one.
		next.Endpoints[0].KeyHashes = []string{hash(fmt.Sprint(number)), hash("second")}
		if err := front.publish(next); err != nil {
			t.Fatal(err)
		}
		expect(t, front.ask("/churn/score", "first"), 401, "Unauthorized")
	}
	stop()
	clients.Wait()
	if greens.Load() == 0 {
		t.Error("the published deployment got no request")
	}
}

func TestRequestsThatHaveBegunEndWithTheirEndpoints(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	slow := serve(t, func(writer http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-release
		io.WriteString(writer, "done")
	})
	front := start(t, with(of("blue", slow, 100)))
	ended := make(chan answer)
	go func() { ended <- front.ask("/churn/score", "first") }()
	<-begun
	if err := front.publish(document{}); err != nil {
		t.Fatal(err)
	}
	expect(t, front.ask("/churn/score", "first"), 404, "EndpointNotFound")
	close(release)
	if got := <-ended; got.status != 200 || got.body != "done" {
		t.Errorf("%+v", got)
	}
}

func TestWrongEndpointsChangeNothing(t *testing.T) {
	blue, _ := model(t, "blue")
	front := start(t, with(of("blue", blue, 100)))
	err := front.publish(with(of("blue", blue, 60), of("green", blue, 60)))
	if err == nil || !strings.Contains(err.Error(), "endpoint 'churn': the weights add up to 120; allowed: 0 or 100") {
		t.Errorf("got %v", err)
	}
	if got := front.ask("/churn/score", "first"); got.status != 200 {
		t.Errorf("%+v", got)
	}
	found, err := readDocument(front.Folder, published)
	if err != nil || len(found.Endpoints[0].Deployments) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestPublishedEndpointsAreKept(t *testing.T) {
	blue, _ := model(t, "blue")
	front := start(t, document{})
	if err := front.publish(with(of("blue", blue, 100))); err != nil {
		t.Fatal(err)
	}
	found, err := readDocument(front.Folder, published)
	if err != nil || len(found.Endpoints) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := os.Stat(filepath.Join(front.Folder, proposed)); !os.IsNotExist(err) {
		t.Errorf("the proposed file: %v", err)
	}
}

func TestCopiesEnd(t *testing.T) {
	blue, _ := model(t, "blue")
	copied := of("green", serve(t, func(_ http.ResponseWriter, request *http.Request) {
		io.Copy(io.Discard, request.Body)
		<-request.Context().Done()
	}), 0)
	copied.Mirror, copied.TimeoutMs = 50, 50
	front := start(t, with(of("blue", blue, 100), copied))
	for range 10 {
		front.ask("/churn/score", "first")
	}
	done := make(chan struct{})
	go func() { front.current.requests.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Error("copies do not end")
	}
}
