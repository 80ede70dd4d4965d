// Package front runs Caddy as the front of the online endpoints.
package front

import (
	"encoding/json"
	"fmt"
	"os"

	"ml-workspace/tools/go/inference/endpoints"
	"ml-workspace/tools/go/inference/publishing"
	"ml-workspace/tools/go/inference/spans"
)

// Config is the configuration file. The endpoints are in a file of their own, which changes while the front runs.
type Config struct {
	Listen              string           `json:"listen"`
	Folder              string           `json:"folder"`
	MaximumRequestBytes int64            `json:"maximumRequestBytes"`
	TLS                 *TLS             `json:"tls"`
	Telemetry           *spans.Collector `json:"telemetry"`
}

// TLS names the files of the certificate.
type TLS struct {
	Certificate string `json:"certificate"`
	PrivateKey  string `json:"privateKey"`
}

func load(path string) (Config, error) {
	var config Config
	content, err := os.ReadFile(path)
	if err != nil {
		return config, fmt.Errorf("reading the configuration: %w", err)
	}
	if err := json.Unmarshal(content, &config); err != nil {
		return config, fmt.Errorf("reading the configuration '%s': %w", path, err)
	}
	return config, nil
}

type object = map[string]any

// caddyConfig is what Caddy runs. Nothing of it changes while the front runs.
func caddyConfig(config Config) ([]byte, error) {
	server := object{
		"listen":              []string{config.Listen},
		"protocols":           []string{"h1", "h2"},
		"automatic_https":     object{"disable": true},
		"read_header_timeout": "10s",
		"idle_timeout":        "2m",
		"max_header_bytes":    64 << 10,
		"logs":                object{},
		"routes":              routes(config),
	}
	apps := object{"http": object{"servers": object{"front": server}, "grace_period": "20s"}}
	if config.TLS != nil {
		// There is one certificate, also for clients that use an address and therefore name no host.
		policy := object{"protocol_min": "tls1.2", "default_sni": "localhost", "fallback_sni": "localhost"}
		server["tls_connection_policies"] = []object{policy}
		pair := object{"certificate": config.TLS.Certificate, "key": config.TLS.PrivateKey}
		apps["tls"] = object{"certificates": object{"load_files": []object{pair}}}
	}
	return json.Marshal(object{
		"admin": object{"listen": "unix/" + publishing.Socket, "config": object{"persist": false}},
		"apps":  apps,
	})
}

func routes(config Config) []object {
	handlers := []object{{
		"handler":               endpoints.Name,
		"folder":                config.Folder,
		"maximum_request_bytes": config.MaximumRequestBytes,
	}}
	if told := config.Telemetry; told != nil {
		handlers = append([]object{{
			"handler": spans.Name, "endpoint": told.Endpoint, "token": told.Token,
			"certificateAuthority": told.CertificateAuthority, "serviceName": told.ServiceName,
		}}, handlers...)
	}
	healthy := []object{{"handler": "vars", "log_skip": true}, {"handler": "static_response", "body": "ready\n"}}
	return []object{
		{"match": []object{{"path": []string{"/healthz"}}}, "handle": healthy, "terminal": true},
		{"handle": handlers},
	}
}
