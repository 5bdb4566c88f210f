/**
 * Stands in for the engine in tests of device models and backends: chains and payloads over plain native memory, requests
 * to a backend, settings and surroundings, all of them scripted by the test. For tests only.
 */
package io.busbar.testkit;
