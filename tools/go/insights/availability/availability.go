// Package availability requests the addresses of availability tests every minute, and stores what came of it.
package availability

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"ml-workspace/tools/go/insights/config"
	"ml-workspace/tools/go/insights/otlp"
	"ml-workspace/tools/go/insights/schema"
)

const (
	interval = time.Minute
	// firstAfter is when the first tests run: services that start with this one are ready by then.
	firstAfter       = 10 * time.Second
	timeout          = 10 * time.Second
	maximumBodyBytes = 64 << 10
)

// Writer stores rows.
type Writer interface {
	Write(ctx context.Context, rows []otlp.Row) error
}

// Run runs the tests until the context ends.
func Run(ctx context.Context, tests []config.AvailabilityTest, writer Writer) {
	if len(tests) == 0 {
		return
	}
	timer := time.NewTimer(firstAfter)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-timer.C:
			timer.Reset(interval)
			if err := Once(ctx, now, tests, writer); err != nil && ctx.Err() == nil {
				slog.Error("the results of availability tests are lost", "error", err)
			}
		}
	}
}

// Once runs every test, all at the same time, and stores the results.
func Once(ctx context.Context, now time.Time, tests []config.AvailabilityTest, writer Writer) error {
	rows := make([]otlp.Row, len(tests))
	var group sync.WaitGroup
	for number, test := range tests {
		group.Go(func() {
			started := time.Now()
			status, err := request(ctx, test)
			rows[number] = row(now, test, status, err, time.Since(started))
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return nil // what failed because of the end says nothing about the services
	}
	return writer.Write(ctx, rows)
}

func row(at time.Time, test config.AvailabilityTest, status int, err error, took time.Duration) otlp.Row {
	at = at.UTC().Truncate(time.Microsecond)
	key := otlp.Key(test.Name, at.Format(time.RFC3339Nano))
	message, code := "", any(nil)
	if status != 0 {
		code = int32(status)
	}
	isExpected := err == nil && slices.Contains(test.Expected, status)
	switch {
	case err != nil:
		message = explain(err)
	case !isExpected:
		message = fmt.Sprintf("HTTP status %d, expected %s", status, strings.Trim(fmt.Sprint(test.Expected), "[]"))
	}
	return otlp.Row{
		Table: schema.Availability, Time: at, Key: key,
		Values: []driver.Value{at, key, test.Name, isExpected, code, message, took.Nanoseconds()},
	}
}

// explain leaves the address out, which the name of the test stands for.
func explain(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return fmt.Sprintf("no response within %v", timeout)
	}
	return err.Error()
}

// request requests the address over a new connection, so that its certificate is checked every time.
func request(ctx context.Context, test config.AvailabilityTest) (int, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	transport := &http.Transport{DisableKeepAlives: true}
	if test.CertificateAuthority != "" {
		trusted, err := authorities(test.CertificateAuthority)
		if err != nil {
			return 0, err
		}
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trusted}
	}
	asked, err := http.NewRequestWithContext(limited, http.MethodGet, test.URL, nil)
	if err != nil {
		return 0, err
	}
	asked.Header.Set("User-Agent", "ml-workspace-availability")
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(asked)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, maximumBodyBytes))
	return response.StatusCode, err
}

// authorities reads the file every time: a rotated authority holds from the next test on.
func authorities(path string) (*x509.CertPool, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("the file %q has no certificate", path)
	}
	return pool, nil
}
