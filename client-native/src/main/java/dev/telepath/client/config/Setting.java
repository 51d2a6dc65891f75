package dev.telepath.client.config;

import java.util.Locale;
import java.util.Optional;

/**
 * Every setting of {@code tp}. One table for the file, the environment, the documentation and {@code tp config view}.
 * Bounds are in the unit of the type: milliseconds, bytes, or a plain number.
 */
public enum Setting {
    MANAGER("manager", Type.TEXT, "", "where the manager listens: host:port, or http://host:port for a clear-text one"),
    TOKEN("token", Type.SECRET, "", "the join token itself; better from the environment than from a file"),
    TOKEN_FILE("token-file", Type.TEXT, "", "file that holds the join token; read again at every attach"),
    MANAGER_NAMESPACE(
            "manager-namespace", Type.TEXT, "telepath", "namespace of the manager, where a kubeconfig leads to it"),
    KUBERNETES_SERVICE_ACCOUNT(
            "kubernetes.service-account",
            Type.TEXT,
            "telepath-client",
            "[NAMESPACE/]NAME of the service account to come to the manager as; without namespace in the manager's"),
    KUBERNETES_TOKEN_LIFE(
            "kubernetes.token-life",
            Type.DURATION,
            "1h",
            600_000,
            86_400_000,
            "life of the token that the API server vouches for; renewed after four fifths of it"),
    KUBERNETES_LOGIN_TIMEOUT(
            "kubernetes.login-timeout",
            Type.DURATION,
            "60s",
            1000,
            600_000,
            "time that the kubeconfig and its exec plugin have to give the user's credentials"),
    KUBERNETES_TRANSPORT(
            "kubernetes.transport",
            Type.TEXT,
            "auto",
            "auto: straight to the manager's pod where this machine reaches its address, else through the API server;"
                    + " port-forward: through the API server; host:port: straight there where it answers, else through the API"
                    + " server"),
    NAMESPACE("namespace", Type.TEXT, "default", "namespace of the workloads"),
    NAME("name", Type.TEXT, "", "name of this client; empty = user@host"),
    PROXY_PORT(
            "proxy.port", Type.NUMBER, "0", 0, 65535, "loopback port of the SOCKS5 and HTTP proxy; 0 = any free one"),
    PROXY_MAX_HEADER("proxy.max-header", Type.BYTES, "16384", 1024, 1 << 20, "bytes of the largest request head"),
    PROXY_MAX_CONNECTIONS(
            "proxy.max-connections", Type.NUMBER, "16384", 1, 1_000_000, "connections to the proxy at one time"),
    PROXY_HANDSHAKE(
            "proxy.handshake-timeout", Type.DURATION, "10s", 100, 600_000, "time a local program has for its request"),
    PROXY_UDP_FLOWS(
            "proxy.udp-flows",
            Type.NUMBER,
            "256",
            1,
            4096,
            "destinations of one SOCKS5 UDP association; a further one ends the one idle longest"),
    DNS_LOOKUP_TIMEOUT(
            "dns.lookup-timeout", Type.DURATION, "4s", 100, 60_000, "time that the cluster has to answer for a name"),
    DNS_INCLUDE_SUFFIXES(
            "dns.include-suffixes",
            Type.TEXT,
            "",
            "suffixes of further names that the cluster resolves, with commas; before dns.exclude-suffixes"),
    DNS_EXCLUDE_SUFFIXES(
            "dns.exclude-suffixes",
            Type.TEXT,
            ".arpa,.com,.io,.net,.org,.ru",
            "suffixes of names that the cluster is never asked for, but for its own domain and its networks' reverse names"),
    DNS_EXCLUDES("dns.excludes", Type.TEXT, "", "names that the cluster is never asked for, with commas"),
    DNS_MAPPINGS("dns.mappings", Type.TEXT, "", "names that stand for others: NAME=NAME or NAME=ADDRESS, with commas"),
    DNS_CACHE_TTL(
            "dns.cache-ttl",
            Type.DURATION,
            "30s",
            0,
            3_600_000,
            "bound of how long an answer of the cluster is kept; its own TTL is the other"),
    DNS_NEGATIVE_TTL(
            "dns.negative-ttl",
            Type.DURATION,
            "5s",
            0,
            300_000,
            "how long it is kept that the cluster does not know a name or record"),
    DNS_CACHE_ENTRIES("dns.cache-entries", Type.NUMBER, "4096", 0, 1_000_000, "answers of the cluster kept; 0 = none"),
    DNS_MAX_PENDING(
            "dns.max-pending",
            Type.NUMBER,
            "1024",
            1,
            65_536,
            "questions under way at one time; further ones are answered SERVFAIL"),
    DNS_SERVERS(
            "dns.servers",
            Type.TEXT,
            "",
            "servers for all other names, with commas: ADDRESS or ADDRESS:PORT; empty = this machine's own"),
    TIMEOUT_CONNECT("timeouts.connect", Type.DURATION, "20s", 100, 600_000, "first attach of tp connect"),
    TIMEOUT_CALL("timeouts.call", Type.DURATION, "15s", 100, 600_000, "one call to the manager"),
    TIMEOUT_INTERCEPT(
            "timeouts.intercept",
            Type.DURATION,
            "30s",
            100,
            3_600_000,
            "until an engagement is active, its agent brought included"),
    TIMEOUT_DIRECT(
            "timeouts.direct",
            Type.DURATION,
            "100ms",
            1,
            60_000,
            "most time that the manager's own address has to take a connection before the way through the API server is taken,"
                    + " and an agent's before its streams go by the manager"),
    TIMEOUT_DIAL("timeouts.dial", Type.DURATION, "3s", 10, 600_000, "dial of a stream's destination"),
    TIMEOUT_ROUNDTRIP("timeouts.roundtrip", Type.DURATION, "2s", 0, 600_000, "latency allowed on top of a dial"),
    UDP_IDLE("timeouts.udp-idle", Type.DURATION, "60s", 1000, 86_400_000, "silence that ends a datagram flow"),
    TIMEOUT_DAEMON("timeouts.daemon", Type.DURATION, "30s", 1000, 600_000, "start of the daemon"),
    HEARTBEAT(
            "heartbeat",
            Type.DURATION,
            "5s",
            100,
            600_000,
            "how often the session is confirmed, and a pulse sent; how soon one has to be answered after this machine's network changed"),
    HEARTBEAT_LIMIT(
            "heartbeat.limit",
            Type.DURATION,
            "15s",
            300,
            600_000,
            "silence after which the connection is given up; at least two heartbeats"),
    RECONNECT_FIRST("reconnect.first", Type.DURATION, "200ms", 1, 600_000, "bound of the first wait before a retry"),
    RECONNECT_MOST("reconnect.most", Type.DURATION, "5s", 1, 3_600_000, "bound of any wait before a retry"),
    RECONNECT_STABLE(
            "reconnect.stable",
            Type.DURATION,
            "10s",
            0,
            3_600_000,
            "time attached after which waits start small again"),
    NETWORK_POLL(
            "network.poll",
            Type.DURATION,
            "2s",
            100,
            3_600_000,
            "how often it is seen whether this machine's addresses or the token file changed"),
    NETWORK_MODE(
            "network.mode",
            Type.TEXT,
            "proxy",
            "proxy: programs reach the cluster by the proxy and tp run; tun: all of this machine's do, by a device (Linux;"
                    + " experimental on macOS)"),
    NETWORK_ALSO(
            "network.also-proxy",
            Type.TEXT,
            "",
            "further networks that lie behind the cluster: 10.1.0.0/16, with commas"),
    NETWORK_NEVER(
            "network.never-proxy",
            Type.TEXT,
            "",
            "networks that this machine reaches itself, whatever the cluster says, with commas"),
    NETWORK_ALLOW(
            "network.allow-conflicting",
            Type.TEXT,
            "",
            "networks of the cluster that are reached as they are though this machine has routes there, with commas"),
    NETWORK_VIRTUAL(
            "network.virtual-subnet",
            Type.TEXT,
            "247.0.0.0/8",
            "where the addresses are taken from by which a network of the cluster is shown that this machine has routes to"),
    NETWORK_VIRTUAL6(
            "network.virtual-subnet6",
            Type.TEXT,
            "fd76:7470::/32",
            "the same of IPv6; of prefix 32, so that networks of any size that clusters have fit in"),
    NETWORK_VIA(
            "network.proxy-via",
            Type.TEXT,
            "",
            "destinations that agents of one workload dial: CIDR=WORKLOAD, or also, service, pods or all, with commas"),
    NETWORK_SUBNET(
            "network.subnet",
            Type.TEXT,
            "246.247.0.0/16",
            "network of prefix 16 that tp's devices have their addresses of; nothing else here may use it"),
    NETWORK_SUBNET6("network.subnet6", Type.TEXT, "fd74:7065:6c65::/64", "the same of IPv6, of prefix 64"),
    NETWORK_MTU("network.mtu", Type.NUMBER, "65000", 1280, 65_535, "bytes of a device's largest packet"),
    NETWORK_CONNECTIONS(
            "network.connections",
            Type.NUMBER,
            "16384",
            1,
            1_000_000,
            "connections of one device, and of all processes of tp run, at one time"),
    NETWORK_UDP_FLOWS(
            "network.udp-flows",
            Type.NUMBER,
            "1024",
            1,
            65_536,
            "exchanges of datagrams of one device; a further one ends the one idle longest"),
    STREAM_CREDIT("stream.credit", Type.BYTES, "262144", 32 * 1024, 32 << 20, "bytes under way in one stream"),
    STREAM_POOL("stream.pool", Type.BYTES, "16777216", 0, 1 << 30, "bytes under way beyond each stream's first frame"),
    STREAM_RESUMABLE(
            "stream.resumable", Type.TEXT, "on", "on, or off: streams end with their connection, as older ones do"),
    STREAM_DIRECT(
            "stream.direct",
            Type.TEXT,
            "on",
            "on: streams of agents come from them past the manager, straight or through the API server; address: straight alone; off: by the manager"),
    STREAM_HOLD(
            "stream.hold",
            Type.DURATION,
            "20s",
            0,
            600_000,
            "how long a new connection to the proxy waits for a manager that is away before it fails"),
    STREAM_WINDOW(
            "stream.window", Type.BYTES, "262144", 64 * 1024, 16 << 20, "bytes under way in a new resumable stream"),
    STREAM_WINDOW_MOST(
            "stream.window-most",
            Type.BYTES,
            "4194304",
            64 * 1024,
            256 << 20,
            "bytes that may come to as bandwidth and delay ask for"),
    STREAM_BUDGET("stream.budget", Type.BYTES, "67108864", 1 << 20, 16L << 30, "bytes that all resumable streams keep"),
    RESUME_WINDOW(
            "stream.resume-window",
            Type.DURATION,
            "5m",
            1000,
            86_400_000,
            "how long a stream that lost its connection is kept"),
    RESUME_REMEMBER(
            "stream.remember",
            Type.DURATION,
            "10m",
            1000,
            3_600_000,
            "how long the end of a stream is known to an edge that asks late"),
    STREAM_IDLE_LINKS(
            "stream.idle-links",
            Type.NUMBER,
            "256",
            0,
            10_000,
            "links whose stream has ended that are kept some seconds for the next to the same place; 0: none"),
    GRPC_WINDOW("grpc.window", Type.BYTES, "1048576", 64 * 1024, 16 << 20, "bytes a peer may send ahead on one call"),
    GRPC_MAX_MESSAGE("grpc.max-message", Type.BYTES, "4194304", 1 << 20, 64 << 20, "largest message taken"),
    GRPC_KEEP_ALIVE(
            "grpc.keep-alive", Type.DURATION, "30s", 10_000, 3_600_000, "silence before the transport is probed"),
    IO_THREADS("io.threads", Type.NUMBER, "1", 1, 16, "event loops of the daemon"),
    SHARE_MAX("share.max-bytes", Type.BYTES, "1073741824", 0, 1L << 40, "most bytes copied for one --mount"),
    SHARE_MODE("share.mode", Type.TEXT, "auto", "auto: --mount mounts where it can and else copies; copy: it copies"),
    SHARE_MOUNT(
            "share.mount-timeout",
            Type.DURATION,
            "10s",
            100,
            600_000,
            "until a mount shows its files, else they are copied"),
    SHARE_REFRESH("share.refresh", Type.DURATION, "2s", 100, 3_600_000, "how often tp files --watch looks for changes"),
    LOG_LEVEL("log.level", Type.TEXT, "info", "error, warn, info, debug or trace"),
    LOG_MAX_SIZE("log.max-size", Type.BYTES, "10485760", 4096, 1 << 30, "size at which the log file is rotated"),
    LOG_KEEP("log.keep", Type.NUMBER, "5", 1, 100, "rotated log files kept"),
    OUTPUT("output", Type.TEXT, "default", "default, json or yaml"),
    PROGRESS("progress", Type.TEXT, "auto", "auto, plain or quiet");

    /** What a value may look like. */
    public enum Type {
        TEXT,
        /** As TEXT, but never shown. */
        SECRET,
        NUMBER,
        /** A number with an optional unit: ms, s, m, h. A bare number is seconds. */
        DURATION,
        /** A number with an optional unit: K, M, G (1024). */
        BYTES
    }

    private final String key;
    private final Type type;
    private final String fallback;
    private final long least;
    private final long most;
    private final String meaning;

    Setting(String key, Type type, String fallback, String meaning) {
        this(key, type, fallback, Long.MIN_VALUE, Long.MAX_VALUE, meaning);
    }

    Setting(String key, Type type, String fallback, long least, long most, String meaning) {
        this.key = key;
        this.type = type;
        this.fallback = fallback;
        this.least = least;
        this.most = most;
        this.meaning = meaning;
    }

    public String key() {
        return key;
    }

    public Type type() {
        return type;
    }

    /** The default, as text. */
    public String fallback() {
        return fallback;
    }

    public long least() {
        return least;
    }

    public long most() {
        return most;
    }

    public String meaning() {
        return meaning;
    }

    /** Name of the environment variable, e.g. {@code TELEPATH_PROXY_PORT}. */
    public String variable() {
        return "TELEPATH_" + key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    /** The setting of that key. */
    public static Optional<Setting> of(String key) {
        for (Setting setting : values()) {
            if (setting.key.equals(key)) {
                return Optional.of(setting);
            }
        }
        return Optional.empty();
    }
}
