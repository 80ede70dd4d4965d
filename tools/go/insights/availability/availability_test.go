package availability_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ml-workspace/tools/go/insights/availability"
	"ml-workspace/tools/go/insights/config"
	"ml-workspace/tools/go/insights/otlp"
	"ml-workspace/tools/go/insights/schema"
)

// kept keeps rows.
type kept []otlp.Row

func (kept *kept) Write(_ context.Context, rows []otlp.Row) error {
	*kept = append(*kept, rows...)
	return nil
}

// outcome runs one test, and returns success, status and message.
func outcome(t *testing.T, test config.AvailabilityTest) string {
	t.Helper()
	test.Name = "storage"
	var stored kept
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	if err := availability.Once(context.Background(), now, []config.AvailabilityTest{test}, &stored); err != nil {
		t.Fatal(err)
	}
	values := stored[0].Values
	if stored[0].Table != schema.Availability || values[0] != now || values[2] != "storage" || values[6].(int64) <= 0 {
		t.Errorf("%v", stored[0])
	}
	return fmt.Sprint(values[3:6])
}

func TestStatusDecidesOnSuccess(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/moved" {
			http.Redirect(writer, request, "/", http.StatusFound)
		} else if request.URL.Path == "/broken" {
			writer.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	for path, expected := range map[string]string{
		"/": "[true 200 ]", "/broken": "[false 503 HTTP status 503, expected 200 429]", "/moved": "[false 302 HTTP status 302, expected 200 429]",
	} {
		if found := outcome(t, config.AvailabilityTest{URL: server.URL + path, Expected: []int{200, 429}}); found != expected {
			t.Errorf("%s: %s", path, found)
		}
	}
}

func TestMissingServiceIsAFailure(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	found := outcome(t, config.AvailabilityTest{URL: server.URL, Expected: []int{200}})
	if !strings.HasPrefix(found, "[false <nil> dial tcp") || !strings.Contains(found, "connection refused") {
		t.Error(found)
	}
}

func TestCertificateIsChecked(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "ca.pem")
	content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	trusting := config.AvailabilityTest{URL: server.URL, Expected: []int{200}, CertificateAuthority: path}
	if found := outcome(t, trusting); found != "[true 200 ]" {
		t.Error(found)
	}
	trusting.CertificateAuthority = ""
	if found := outcome(t, trusting); !strings.Contains(found, "certificate") {
		t.Error(found)
	}
	trusting.CertificateAuthority = path + ".absent"
	if found := outcome(t, trusting); !strings.Contains(found, "no such file") {
		t.Error(found)
	}
}
