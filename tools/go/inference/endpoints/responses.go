package endpoints

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// failure is a response of the front itself.
type failure struct {
	status  int
	code    string
	message string
}

// explain says what an error of the proxy means for the client.
func explain(err error, chosen *deployment) failure {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		text := fmt.Sprintf("the request is too large; allowed: %d bytes", tooLarge.Limit)
		return failure{http.StatusRequestEntityTooLarge, "RequestTooLarge", text}
	}
	status := http.StatusBadGateway
	var known caddyhttp.HandlerError
	if errors.As(err, &known) && known.StatusCode != 0 {
		status = known.StatusCode
	}
	switch {
	case status == http.StatusGatewayTimeout:
		text := fmt.Sprintf("deployment '%s' did not respond within %d ms", chosen.Name, chosen.TimeoutMs)
		return failure{status, "Timeout", text}
	case status == http.StatusServiceUnavailable && chosen.isFull():
		text := fmt.Sprintf("deployment '%s' serves as many requests as it may", chosen.Name)
		return failure{http.StatusTooManyRequests, "TooManyRequests", text}
	case status == http.StatusServiceUnavailable:
		return noInstance(chosen)
	default:
		return failure{status, "BadGateway", fmt.Sprintf("deployment '%s' did not respond", chosen.Name)}
	}
}

func noInstance(chosen *deployment) failure {
	text := fmt.Sprintf("deployment '%s' has no instance that can be reached", chosen.Name)
	return failure{http.StatusServiceUnavailable, "NoInstance", text}
}

// respond writes a failure in the form of Azure's errors.
func respond(writer http.ResponseWriter, request *http.Request, found failure) error {
	header := writer.Header()
	header.Set("Content-Type", "application/json")
	if found.status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Bearer realm="online-endpoint"`)
	}
	writer.WriteHeader(found.status)
	if request.Method == http.MethodHead {
		return nil
	}
	described := object{"code": found.code, "message": found.message}
	return json.NewEncoder(writer).Encode(object{"error": described})
}

func respondHealthy(writer http.ResponseWriter) error {
	_, err := io.WriteString(writer, "healthy\n")
	return err
}

// response remembers whether it has begun, after which no other one can be written.
type response struct {
	*caddyhttp.ResponseWriterWrapper
	isBegun bool
}

func (tracked *response) WriteHeader(status int) {
	tracked.isBegun = tracked.isBegun || status >= http.StatusOK
	tracked.ResponseWriterWrapper.WriteHeader(status)
}

func (tracked *response) Write(content []byte) (int, error) {
	tracked.isBegun = true
	return tracked.ResponseWriterWrapper.Write(content)
}

func (tracked *response) ReadFrom(source io.Reader) (int64, error) {
	tracked.isBegun = true
	return tracked.ResponseWriterWrapper.ReadFrom(source)
}
