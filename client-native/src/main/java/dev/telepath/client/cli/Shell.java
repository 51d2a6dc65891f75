package dev.telepath.client.cli;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.util.Locale;
import java.util.Map;

/** How a shell sets and removes a variable that programs inherit. Values need no escaping: they are addresses. */
enum Shell {
    BASH("export %s='%s'", "unset %s"),
    ZSH("export %s='%s'", "unset %s"),
    FISH("set -gx %s '%s'", "set -e %s"),
    POWERSHELL("$env:%s = '%s'", "Remove-Item Env:%s -ErrorAction SilentlyContinue");

    private final String set;
    private final String unset;

    Shell(String set, String unset) {
        this.set = set;
        this.unset = unset;
    }

    /**
     * The one that was named, else the user's.
     *
     * @param name empty = the user's
     * @throws Failure of kind USAGE when neither is known here
     */
    static Shell of(String name, Map<String, String> environment) {
        String asked = name.isEmpty() ? users(environment) : name;
        return switch (asked.toLowerCase(Locale.ROOT)) {
            // They read the same lines as bash.
            case "bash", "sh", "dash", "ash", "ksh", "mksh" -> BASH;
            case "zsh" -> ZSH;
            case "fish" -> FISH;
            case "powershell", "pwsh" -> POWERSHELL;
            default ->
                throw new Failure(
                        Kind.USAGE,
                        "no lines are known for the shell " + asked,
                        "--shell bash, zsh, fish or powershell; or --json");
        };
    }

    private static String users(Map<String, String> environment) {
        String path = environment.getOrDefault("SHELL", "");
        if (path.isEmpty()) {
            return environment.containsKey("PSModulePath") ? "powershell" : "bash";
        }
        return path.substring(path.lastIndexOf('/') + 1);
    }

    String set(String name, String value) {
        return set.formatted(name, value);
    }

    String unset(String name) {
        return unset.formatted(name);
    }
}
