package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ml-workspace/tools/go/insights/config"
	"ml-workspace/tools/go/insights/fixtures"
	"ml-workspace/tools/go/insights/server"
)

func TestMain(main *testing.M) { fixtures.Main(main) }

// running is a server with TLS, and a client that trusts any certificate.
type running struct {
	url    string
	folder string
	client *http.Client
	stop   context.CancelFunc
	// ended is closed after the server's error, if it has one.
	ended chan error
}

func run(t *testing.T) running {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "tokens"), []byte("reading alice read\n"))
	writeCertificate(t, folder, 1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	settings := config.Config{
		Listen: address, Folder: filepath.Join(folder, "data"), Tokens: filepath.Join(folder, "tokens"),
		TLS:             &config.TLS{Certificate: filepath.Join(folder, "certificate"), PrivateKey: filepath.Join(folder, "key")},
		RetentionInDays: 90, MaximumGigabytes: 1,
	}
	ctx, stop := context.WithCancel(context.Background())
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	started := running{"https://" + address, folder, &http.Client{Transport: transport}, stop, make(chan error, 1)}
	go func() {
		started.ended <- server.Run(ctx, settings)
		close(started.ended)
	}()
	t.Cleanup(func() {
		stop()
		// Until then it writes into the folder, which is removed next.
		for range started.ended {
		}
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		response, err := started.client.Get(started.url + "/healthz")
		if err == nil {
			response.Body.Close()
			return started
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func writeCertificate(t *testing.T, folder string, number int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(number), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "key"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded}))
	write(t, filepath.Join(folder, "certificate"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
}

func (running running) query(text string) string {
	request, err := http.NewRequest(http.MethodPost, running.url+"/v1/query", strings.NewReader(`{"query": "`+text+`"}`))
	if err != nil {
		return err.Error()
	}
	request.Header.Set("Authorization", "Bearer reading")
	response, err := running.client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	content, _ := io.ReadAll(response.Body)
	return fmt.Sprint(response.StatusCode, " ", string(content))
}

func TestServerEndsInTimeWhileAQueryRuns(t *testing.T) {
	started := run(t)
	result := make(chan string, 1)
	if found := started.query("SELECT 1"); !strings.HasPrefix(found, "200 ") {
		t.Fatal(found)
	}
	go func() {
		result <- started.query("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT (i + 1) % 1000 FROM n) SELECT max(i) FROM n")
	}()
	time.AfterFunc(200*time.Millisecond, started.stop)
	select {
	case err := <-started.ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the server does not end")
	}
	if found := <-result; strings.HasPrefix(found, "200 ") {
		t.Error(found)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	started := run(t)
	address := strings.TrimPrefix(started.url, "https://")
	for version, isAccepted := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		connection, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
		if err == nil {
			connection.Close()
		}
		if (err == nil) != isAccepted {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
}

func TestRenewedCertificateIsServed(t *testing.T) {
	started := run(t)
	writeCertificate(t, started.folder, 2)
	response, err := started.client.Get(started.url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if found := response.TLS.PeerCertificates[0].SerialNumber.Int64(); found != 2 {
		t.Error(found)
	}
}
