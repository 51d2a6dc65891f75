package dev.telepath.agent.settings;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The variables that the workload lends. Values may be secret: they are never logged. */
public final class LentEnvironment {
    private LentEnvironment() {}

    /**
     * Chooses from the workload's environment.
     *
     * @param own used where no {@code env-file} is set: in a pod the agent has copies of the workload's variables
     * @throws IllegalArgumentException when the file cannot be read, with a message for the user
     */
    public static Map<String, String> of(AgentSettings settings, Map<String, String> own) {
        Map<String, String> all = settings.envFile().map(LentEnvironment::read).orElse(own);
        Set<String> names = Set.copyOf(settings.env().orElse(List.of()));
        var prefix = settings.envPrefix();
        var copies = settings.envCopies();
        var lent = new TreeMap<String, String>();
        all.forEach((name, value) -> {
            if (names.contains(name) || (prefix.isPresent() && name.startsWith(prefix.get()))) {
                lent.put(name, value);
            }
            if (copies.isPresent()
                    && name.startsWith(copies.get())
                    && name.length() > copies.get().length()) {
                lent.put(name.substring(copies.get().length()), value);
            }
        });
        return lent;
    }

    private static Map<String, String> read(Path file) {
        var variables = new TreeMap<String, String>();
        try {
            for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
                String text = line.strip();
                int equals = text.indexOf('=');
                if (!text.startsWith("#") && equals > 0) {
                    variables.put(text.substring(0, equals).strip(), text.substring(equals + 1));
                }
            }
        } catch (IOException e) {
            throw new IllegalArgumentException("environment file " + file + " cannot be read: " + e, e);
        }
        return variables;
    }
}
