package dev.telepath.manager.cli;

import dev.telepath.manager.settings.ManagerSettings;
import io.quarkus.runtime.configuration.DurationConverter;
import io.quarkus.runtime.configuration.MemorySizeConverter;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.net.MalformedURLException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.spi.Converter;
import org.jspecify.annotations.Nullable;

/** Reads the settings before anything starts, so that a wrong one costs one clear line and not a stack trace. */
final class SettingsFile {
    private static final String PREFIX = "telepath.manager";
    private static final int BELOW_ENVIRONMENT = 260;
    private static final int ABOVE_BUILT_IN = 200;
    private static final Pattern UNKNOWN = Pattern.compile("(\\S+) in (.+) does not map to any root");
    private static final Pattern WRONG = Pattern.compile(
            "The config property (\\S+) with the config value .* threw an Exception whilst being converted (.*)");

    private SettingsFile() {}

    /**
     * The settings in force.
     *
     * @throws UsageProblem naming key and file of what is wrong
     */
    static ManagerSettings check(@Nullable Path file) {
        var builder = new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .addSystemSources()
                .withMapping(ManagerSettings.class, PREFIX);
        builder.withConverters(new Converter<?>[] {new DurationConverter(), new MemorySizeConverter()});
        builder.withConverter(Boolean.class, ABOVE_BUILT_IN, SettingsFile::yesOrNo);
        if (file != null) {
            builder.withSources(source(file));
        }
        try {
            SmallRyeConfig config = builder.build();
            if (file != null) {
                System.setProperty(
                        "smallrye.config.locations",
                        file.toAbsolutePath().toUri().toString());
            }
            return config.getConfigMapping(ManagerSettings.class);
        } catch (ConfigValidationException e) {
            throw new UsageProblem(problems(e) + (file == null ? "" : " (configuration file: " + file + ")"));
        }
    }

    /** The built-in converter takes whatever it does not know for false. */
    private static Boolean yesOrNo(String text) {
        return switch (text.strip()) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("'" + text + "' is neither true nor false");
        };
    }

    private static PropertiesConfigSource source(Path file) {
        if (!Files.isReadable(file)) {
            throw new UsageProblem("the configuration file " + file + " cannot be read; check --config");
        }
        try {
            return new PropertiesConfigSource(file.toUri().toURL(), BELOW_ENVIRONMENT);
        } catch (MalformedURLException e) {
            throw new UsageProblem("the configuration file " + file + " has no usable name");
        } catch (IOException | IllegalArgumentException e) {
            throw new UsageProblem("the configuration file " + file + " is no properties file: " + e.getMessage());
        }
    }

    private static String problems(ConfigValidationException e) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < e.getProblemCount(); i++) {
            texts.add(plain(e.getProblem(i).getMessage()));
        }
        return String.join("; ", texts) + ". docs/manager.md lists all settings";
    }

    /** SmallRye's words in ours; words that are not known stay as they are. */
    private static String plain(String problem) {
        String text = problem.replaceAll("SRCFG\\d+: ?", "").replaceFirst("^java\\.[a-zA-Z.]+Exception: ", "");
        Matcher unknown = UNKNOWN.matcher(text);
        if (unknown.matches()) {
            return "unknown setting " + unknown.group(1) + " in "
                    + unknown.group(2).replaceAll("^\\w+\\[source=(?:file:)?|\\]", "");
        }
        Matcher wrong = WRONG.matcher(text);
        return wrong.matches() ? "wrong setting " + wrong.group(1) + ": " + wrong.group(2) : "wrong setting: " + text;
    }
}
