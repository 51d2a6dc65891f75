package dev.telepath.agent.settings;

import dev.telepath.tunnel.transport.ManagerAddress;
import io.quarkus.runtime.configuration.DurationConverter;
import io.quarkus.runtime.configuration.MemorySizeConverter;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/** Key and range of each setting, so that a bad value is told in one line before anything starts. */
public enum Setting {
    MANAGER(ManagerAddress::parse),
    TOKEN_FILE(Setting::text),
    CA_FINGERPRINT(Setting::fingerprint),
    NAME(Setting::text),
    NAMESPACE(Setting::text),
    PORTS(Setting::ports),
    HOST(Setting::text),
    ENV(Setting::text),
    ENV_FILE(Setting::text),
    ENV_PREFIX(Setting::text),
    ENV_COPIES(Setting::text),
    SHARE(Setting::text),
    SHARE_WRITABLE(Setting::text),
    SHARE_LOCAL(Setting::text),
    HTTP_HOST(Setting::text),
    HTTP_PORT(between(0, 65535)),
    API_HOST(Setting::text),
    API_PORT(between(0, 65535)),
    ADDRESS(Setting::text),
    POD_NAME(Setting::text),
    POD_UID(Setting::text),
    KIND(Setting::text),
    BACKLOG(between(1, 65535)),
    THREADS(between(0, 256)),
    DIAL_TIMEOUT(between("10ms", "10m")),
    UDP_IDLE(between("1s", "1h")),
    UDP_FLOWS(between(1, 65536)),
    SPLIT_PATIENCE(between("10ms", "1m")),
    WIRETAP_BUFFER(bytes(32L << 10, 256L << 20)),
    STREAM_CREDIT(bytes(32L << 10, 16L << 20)),
    CONNECTION_CREDIT(bytes(0, 4L << 30)),
    STREAM_WINDOW(bytes(64L << 10, 16L << 20)),
    STREAM_WINDOW_MOST(bytes(64L << 10, 256L << 20)),
    STREAM_BUDGET(bytes(1L << 20, 16L << 30)),
    RESUME_WINDOW(between("1s", "24h")),
    RESUME_REMEMBER(between("1s", "1h")),
    STREAM_IDLE_LINKS(between(0, 10_000)),
    DIRECT(Setting::yesOrNo),
    HOLD(between("0s", "1m")),
    CALL_TIMEOUT(between("100ms", "10m")),
    REMAIN_INTERVAL(between("100ms", "10m")),
    HEARTBEAT_INTERVAL(between("100ms", "10m")),
    HEARTBEAT_LIMIT(between("300ms", "30m")),
    REPORT_INTERVAL(between("100ms", "1h")),
    ENGAGEMENT_GRACE(between("0s", "1h")),
    RECONNECT_FIRST(between("1ms", "1m")),
    RECONNECT_MOST(between("1ms", "1h")),
    RECONNECT_DENIED(between("10ms", "1h")),
    RECONNECT_STABLE(between("0s", "1h")),
    NETWORK_POLL(between("10ms", "1h")),
    LOOKUPS(between(1, 4096)),
    LOOKUP_TIMEOUT(between("50ms", "30s")),
    SHARE_REQUESTS(between(1, 1024)),
    SFTP(Setting::yesOrNo),
    SFTP_OPEN(Setting::yesOrNo),
    SFTP_CONNECTIONS(between(1, 1024)),
    SFTP_HANDLES(between(4, 65536)),
    LOG_LINES(between(0, 100_000)),
    DRAIN(between("0s", "10m"));

    /** What all keys start with. */
    public static final String PREFIX = "telepath.agent.";

    @SuppressWarnings("ImmutableEnumChecker") // the checks are stateless
    private final Consumer<String> check;

    Setting(Consumer<String> check) {
        this.check = check;
    }

    /** The full key, e.g. {@code telepath.agent.token-file}. */
    public String key() {
        return PREFIX + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The environment variable, e.g. {@code TELEPATH_AGENT_TOKEN_FILE}. */
    public String variable() {
        return "TELEPATH_AGENT_" + name();
    }

    /** The setting of a full key. */
    public static Optional<Setting> of(String key) {
        for (Setting setting : values()) {
            if (setting.key().equals(key)) {
                return Optional.of(setting);
            }
        }
        return Optional.empty();
    }

    /**
     * Checks a value.
     *
     * @throws IllegalArgumentException with a message for the user that does not name the key
     */
    public void check(String value) {
        check.accept(value);
    }

    private static void text(String value) {
        if (value.isBlank()) {
            throw new IllegalArgumentException("the value is empty");
        }
    }

    private static void yesOrNo(String value) {
        if (!value.strip().equals("true") && !value.strip().equals("false")) {
            throw new IllegalArgumentException("'" + value + "' is neither true nor false");
        }
    }

    private static void fingerprint(String value) {
        if (!value.strip().matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("'" + value + "' is no fingerprint, expected 64 hexadecimal digits");
        }
    }

    private static void ports(String value) {
        for (String one : value.split(",", -1)) {
            GuardedPort.parse(one);
        }
    }

    private static Consumer<String> between(int least, int most) {
        return value -> {
            int number;
            try {
                number = Integer.parseInt(value.strip());
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        "'" + value + "' is no whole number (" + least + " to " + most + ")", e);
            }
            if (number < least || number > most) {
                throw new IllegalArgumentException(number + " is out of range (" + least + " to " + most + ")");
            }
        };
    }

    private static Consumer<String> between(String least, String most) {
        Duration from = DurationConverter.parseDuration(least);
        Duration to = DurationConverter.parseDuration(most);
        return value -> {
            Duration duration;
            try {
                duration = DurationConverter.parseDuration(value.strip());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("'" + value + "' is no duration, expected e.g. 500ms, 10s or 2m", e);
            }
            if (duration == null || duration.compareTo(from) < 0 || duration.compareTo(to) > 0) {
                throw new IllegalArgumentException(value + " is out of range (" + least + " to " + most + ")");
            }
        };
    }

    private static Consumer<String> bytes(long least, long most) {
        return value -> {
            long size;
            try {
                var parsed = new MemorySizeConverter().convert(value.strip());
                size = parsed == null ? -1 : parsed.asLongValue();
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("'" + value + "' is no size, expected e.g. 65536, 256K or 1M", e);
            }
            if (size < least || size > most) {
                throw new IllegalArgumentException(value + " is out of range (" + least + " to " + most + " bytes)");
            }
        };
    }
}
