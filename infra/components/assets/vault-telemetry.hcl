# The few numbers that tell how the vault does: open or not, requests, logins, audit that fails, leases, memory.
telemetry {
  statsd_address   = "$host:8125"
  disable_hostname = true
  filter_default   = false
  prefix_filter = [
    "+vault.core.active", "+vault.core.unsealed", "+vault.core.handle_request", "+vault.core.handle_login_request",
    "+vault.audit.log_request_failure", "+vault.audit.log_response_failure", "+vault.expire.num_leases",
    "+vault.runtime.alloc_bytes", "+vault.runtime.num_goroutines", "+vault.raft.commitTime",
  ]
}
