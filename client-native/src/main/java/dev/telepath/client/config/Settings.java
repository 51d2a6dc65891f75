package dev.telepath.client.config;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.tunnel.transport.ManagerAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The settings as they apply: flags before environment before file before default. Immutable.
 *
 * <p>Read without Quarkus, so that a command can answer before a runtime would have started.
 */
public final class Settings {
    private static final Map<Setting, Set<String>> CHOICES = Map.of(
            Setting.LOG_LEVEL, Set.of("error", "warn", "info", "debug", "trace"),
            Setting.OUTPUT, Set.of("default", "json", "yaml"),
            Setting.PROGRESS, Set.of("auto", "plain", "quiet"),
            Setting.NETWORK_MODE, Set.of("proxy", "tun"),
            Setting.STREAM_RESUMABLE, Set.of("on", "off"),
            Setting.STREAM_DIRECT, Set.of("on", "address", "off"));

    /** Of {@link Setting#KUBERNETES_TRANSPORT}: the manager's own address where that answers, else through the API server. */
    public static final String AUTO = "auto";
    /** Of {@link Setting#KUBERNETES_TRANSPORT}: through the API server and no other way. */
    public static final String PORT_FORWARD = "port-forward";

    private static final Set<String> TRANSPORTS = Set.of(AUTO, PORT_FORWARD);

    private static final String NAME = "[.*]*[^\\s,=.*][^\\s,=]*";
    /** Of lists, what one word of them is. */
    private static final Map<Setting, Pattern> WORDS = Map.of(
            Setting.DNS_INCLUDE_SUFFIXES, Pattern.compile(NAME),
            Setting.DNS_EXCLUDE_SUFFIXES, Pattern.compile(NAME),
            Setting.DNS_EXCLUDES, Pattern.compile(NAME),
            Setting.DNS_MAPPINGS, Pattern.compile(NAME + "=" + NAME),
            Setting.DNS_SERVERS, Pattern.compile("[\\[\\]0-9a-zA-Z.:%_-]+"));

    /** A value and where it came from: {@code flag}, {@code environment NAME}, {@code file PATH:LINE}, {@code default}. */
    public record Value(String text, String source) {
        /** Whether nothing but the default says so. */
        public boolean isDefault() {
            return source.equals("default");
        }

        /** Whether the command line or the environment says so. */
        public boolean isOfUser() {
            return source.equals("flag") || source.startsWith("environment ");
        }
    }

    private final Map<Setting, Value> values;
    private final Optional<Path> file;

    private Settings(Map<Setting, Value> values, Optional<Path> file) {
        this.values = values;
        this.file = file;
    }

    /**
     * Puts the sources together.
     *
     * @param flags what the command line says
     * @param named the file of {@code --config}; when empty, the default file is read if it exists
     * @throws Failure of kind USAGE, naming the source and the key, when a value is not acceptable
     */
    public static Settings resolve(Map<Setting, String> flags, Map<String, String> environment, Optional<Path> named) {
        Optional<Path> file =
                named.or(() -> Optional.of(defaultFile(environment)).filter(Files::isRegularFile));
        Map<Setting, ConfigFile.Entry> fromFile = file.map(ConfigFile::read).orElse(Map.of());
        Map<Setting, Value> values = new EnumMap<>(Setting.class);
        for (Setting setting : Setting.values()) {
            values.put(setting, value(setting, flags, environment, file, fromFile));
        }
        return new Settings(values, file);
    }

    private static Value value(
            Setting setting,
            Map<Setting, String> flags,
            Map<String, String> environment,
            Optional<Path> file,
            Map<Setting, ConfigFile.Entry> fromFile) {
        String flag = flags.get(setting);
        if (flag != null) {
            return checked(setting, new Value(flag, "flag"));
        }
        String variable = environment.get(setting.variable());
        if (variable != null && !variable.isEmpty()) {
            return checked(setting, new Value(variable, "environment " + setting.variable()));
        }
        ConfigFile.Entry entry = fromFile.get(setting);
        if (entry != null) {
            return new Value(entry.value(), "file " + file.map(Path::toString).orElse("") + ":" + entry.line());
        }
        return new Value(setting.fallback(), "default");
    }

    private static Value checked(Setting setting, Value value) {
        try {
            check(setting, value.text());
            return value;
        } catch (IllegalArgumentException e) {
            throw new Failure(
                    Kind.USAGE,
                    "setting '" + setting.key() + "' (" + value.source() + "): " + e.getMessage(),
                    "docs/configuration.md lists every key with its range");
        }
    }

    /** {@code $XDG_CONFIG_HOME/telepath/config.yml}, or the same under {@code ~/.config}. */
    public static Path defaultFile(Map<String, String> environment) {
        String xdg = environment.getOrDefault("XDG_CONFIG_HOME", "");
        Path base = xdg.isEmpty() ? Path.of(System.getProperty("user.home", "."), ".config") : Path.of(xdg);
        return base.resolve("telepath").resolve("config.yml");
    }

    static void check(Setting setting, String text) {
        Set<String> choices = CHOICES.get(setting);
        if (choices != null && !choices.contains(text)) {
            throw new IllegalArgumentException("'" + text + "' is none of "
                    + String.join(", ", choices.stream().sorted().toList()));
        }
        Pattern form = WORDS.get(setting);
        if (form != null) {
            check(setting, form, words(text));
        }
        if (setting == Setting.KUBERNETES_TRANSPORT
                && !TRANSPORTS.contains(text)
                && ManagerAddress.parse(text).plaintext()) {
            throw new IllegalArgumentException("'" + text + "' is a clear-text port, which takes no token");
        }
        long number = switch (setting.type()) {
            case TEXT, SECRET -> 0;
            case NUMBER -> number(text);
            case DURATION -> Quantity.duration(text).toMillis();
            case BYTES -> Quantity.bytes(text);
        };
        if (number < setting.least() || number > setting.most()) {
            throw new IllegalArgumentException("'" + text + "' is out of range " + range(setting));
        }
    }

    private static void check(Setting setting, Pattern form, List<String> words) {
        for (String word : words) {
            if (!form.matcher(word).matches()) {
                throw new IllegalArgumentException("'" + word + "' is none of: " + setting.meaning());
            }
        }
    }

    /** The words of a text that has commas or blanks between them. */
    public static List<String> words(String text) {
        return Arrays.stream(text.split("[,\\s]+", -1))
                .filter(word -> !word.isEmpty())
                .toList();
    }

    private static String range(Setting setting) {
        String unit = switch (setting.type()) {
            case DURATION -> " ms";
            case BYTES -> " bytes";
            default -> "";
        };
        return setting.least() + " to " + setting.most() + unit;
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text.strip());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + text + "' is no number", e);
        }
    }

    /**
     * These with others put among them: flags, environment, kubeconfig, file, cluster, defaults.
     *
     * @param kubeconfig acceptable values, see {@link #allows}
     * @param cluster the same
     */
    public Settings under(Map<Setting, String> kubeconfig, Map<Setting, String> cluster) {
        Map<Setting, Value> all = new EnumMap<>(values);
        all.replaceAll((setting, value) -> {
            String near = kubeconfig.get(setting);
            String far = cluster.get(setting);
            if (near != null && !value.isOfUser()) {
                return new Value(near, "kubeconfig");
            }
            return far != null && value.isDefault() ? new Value(far, "cluster") : value;
        });
        return new Settings(all, file);
    }

    /**
     * These with a command's flags above all others.
     *
     * @throws Failure of kind USAGE when a value is not acceptable
     */
    public Settings over(Map<Setting, String> flags) {
        Map<Setting, Value> all = new EnumMap<>(values);
        flags.forEach((setting, text) -> all.put(setting, checked(setting, new Value(text, "flag"))));
        return new Settings(all, file);
    }

    /** The text if anything says one, else what comes below, else the default. */
    public String below(Setting setting, String text) {
        return value(setting).isDefault() && !text.isEmpty() ? text : text(setting);
    }

    /** Whether the text is a value of that setting. */
    public static boolean allows(Setting setting, String text) {
        try {
            check(setting, text);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** The words of a list, which has commas or blanks between them. */
    public List<String> words(Setting setting) {
        return words(text(setting));
    }

    /** The value and where it came from. */
    public Value value(Setting setting) {
        Value value = values.get(setting);
        return value == null ? new Value(setting.fallback(), "default") : value;
    }

    /** The text; empty when there is none. */
    public String text(Setting setting) {
        return value(setting).text();
    }

    public Duration duration(Setting setting) {
        return Quantity.duration(text(setting));
    }

    public long bytes(Setting setting) {
        return Quantity.bytes(text(setting));
    }

    public int number(Setting setting) {
        return (int) number(text(setting));
    }

    /** The file that was read, if any. */
    public Optional<Path> file() {
        return file;
    }
}
