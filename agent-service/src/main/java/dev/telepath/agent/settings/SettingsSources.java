package dev.telepath.agent.settings;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * Where settings come from: flags, then environment, then file, then default. Checked before Quarkus starts, because its
 * own report of a bad setting is a stack trace.
 */
public final class SettingsSources {
    private final Map<String, String> environment;

    /**
     * @param environment the process's variables
     */
    public SettingsSources(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    /**
     * Merges and checks.
     *
     * @param flags full keys to values, already known to be keys
     * @param file in properties format, or null
     * @return what the flags and the file set, without what the environment overrides
     * @throws IllegalArgumentException with one line that names the key and where it came from
     */
    public Map<String, String> merge(Map<String, String> flags, @Nullable Path file) {
        var merged = new HashMap<String, String>();
        if (file != null) {
            read(file).forEach((key, value) -> accept(merged, key.toString(), value.toString(), file));
        }
        for (Setting setting : Setting.values()) {
            String value = environment.get(setting.variable());
            if (value != null) {
                check(setting, value, "environment variable " + setting.variable());
                merged.remove(setting.key());
            }
        }
        flags.forEach((key, value) -> {
            Setting setting = Setting.of(key).orElseThrow(() -> new IllegalArgumentException("unknown setting " + key));
            check(setting, value, "option");
            merged.put(key, value);
        });
        for (Setting needed : new Setting[] {Setting.MANAGER, Setting.NAME, Setting.PORTS}) {
            if (!merged.containsKey(needed.key()) && !environment.containsKey(needed.variable())) {
                String flag =
                        needed == Setting.PORTS ? "--port" : "--" + needed.key().substring(Setting.PREFIX.length());
                throw new IllegalArgumentException(
                        needed.key() + " is not set; give " + flag + ", " + needed.variable() + " or a config file");
            }
        }
        return merged;
    }

    private static void accept(Map<String, String> merged, String key, String value, Path file) {
        var setting = Setting.of(key);
        if (setting.isPresent()) {
            check(setting.get(), value, file.toString());
        } else if (!key.startsWith("quarkus.")) {
            throw new IllegalArgumentException("unknown setting " + key + " in " + file + "; docs/agent.md lists them");
        }
        merged.put(key, value);
    }

    private static void check(Setting setting, String value, String from) {
        try {
            setting.check(value);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(setting.key() + " (" + from + "): " + e.getMessage(), e);
        }
    }

    private static Properties read(Path file) {
        var properties = new Properties();
        try (Reader in = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            properties.load(in);
        } catch (IOException | IllegalArgumentException e) {
            throw new IllegalArgumentException("config file " + file + " cannot be read: " + e, e);
        }
        return properties;
    }
}
