package dev.telepath.client.cli;

import dev.telepath.client.config.Setting;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options that every command takes. */
final class GlobalOptions {
    @Option(names = "--output", paramLabel = "FORMAT", defaultValue = "", description = "default, json or yaml")
    String output;

    @Option(names = "--config", paramLabel = "FILE", defaultValue = "", description = "configuration file (YAML)")
    String config;

    @Option(names = "--debug", description = "say more: the daemon logs at debug, errors show their trace")
    boolean debug;

    @Option(names = "--progress", paramLabel = "MODE", defaultValue = "", description = "auto, plain or quiet")
    String progress;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "show this help")
    boolean help;

    /** These options, and those of the command around where this one was given none. */
    GlobalOptions within(GlobalOptions outer) {
        var merged = new GlobalOptions();
        merged.output = output.isEmpty() ? outer.output : output;
        merged.config = config.isEmpty() ? outer.config : config;
        merged.progress = progress.isEmpty() ? outer.progress : progress;
        merged.debug = debug || outer.debug;
        return merged;
    }

    Optional<Path> file() {
        return config.isEmpty() ? Optional.empty() : Optional.of(Path.of(config).toAbsolutePath());
    }

    Map<Setting, String> flags() {
        Map<Setting, String> flags = new EnumMap<>(Setting.class);
        put(flags, Setting.OUTPUT, output);
        put(flags, Setting.PROGRESS, progress);
        if (debug) {
            flags.put(Setting.LOG_LEVEL, "debug");
        }
        return flags;
    }

    static void put(Map<Setting, String> flags, Setting setting, String value) {
        if (!value.isEmpty()) {
            flags.put(setting, value);
        }
    }
}
