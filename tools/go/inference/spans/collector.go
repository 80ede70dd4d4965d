package spans

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// Collector says where spans are sent to.
type Collector struct {
	Endpoint             string `json:"endpoint"`
	Token                string `json:"token"`
	CertificateAuthority string `json:"certificateAuthority"`
	ServiceName          string `json:"serviceName"`
}

// client is one that authenticates with the token in the file, whatever that is at the moment.
func (collector Collector) client() (*http.Client, error) {
	transport := &http.Transport{MaxIdleConns: 1, IdleConnTimeout: time.Minute, ResponseHeaderTimeout: patience}
	if file := collector.CertificateAuthority; file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate authority of the collector: %w", err)
		}
		known := x509.NewCertPool()
		if !known.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("reading the certificate authority of the collector: '%s' has no certificate", file)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: known, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: authorized{transport, collector.Token}}, nil
}

// authorized adds the token to requests.
type authorized struct {
	transport http.RoundTripper
	file      string
}

// RoundTrip sends one request. What passes is reported as 503, after which the exporter sends the spans again; the store keeps
// each once. A token is replaced while the front runs, and the collector has the new one a moment earlier or later; and a
// collector that starts again accepts no connection.
func (one authorized) RoundTrip(request *http.Request) (*http.Response, error) {
	token, err := os.ReadFile(one.file)
	if err != nil {
		return nil, fmt.Errorf("reading the token for telemetry: %w", err)
	}
	sent := request.Clone(request.Context())
	sent.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	response, err := one.transport.RoundTrip(sent)
	switch {
	case err != nil && request.Context().Err() == nil:
		return again(request, io.NopCloser(strings.NewReader(err.Error()))), nil
	case err == nil && (response.StatusCode == http.StatusUnauthorized || response.StatusCode >= http.StatusInternalServerError):
		return again(request, response.Body), nil
	default:
		return response, err
	}
}

func again(request *http.Request, body io.ReadCloser) *http.Response {
	return &http.Response{
		Status: "503 Service Unavailable", StatusCode: http.StatusServiceUnavailable, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: body, ContentLength: -1, Request: request,
	}
}
