package dev.telepath.client.output;

import java.io.Console;
import java.util.Map;

/**
 * What the terminal can do.
 *
 * @param interactive whether a person watches: standard input and output are a terminal
 * @param color whether colour is wanted: a terminal, and no NO_COLOR
 * @param width columns, at least 20
 */
public record Terminal(boolean interactive, boolean color, int width) {
    private static final int USUAL_WIDTH = 100;
    private static final int LEAST_WIDTH = 20;

    /** Looks at the process's own terminal. */
    public static Terminal detect(Map<String, String> environment) {
        Console console = System.console();
        return of(environment, console != null && console.isTerminal());
    }

    static Terminal of(Map<String, String> environment, boolean interactive) {
        boolean plain = !environment.getOrDefault("NO_COLOR", "").isEmpty()
                || environment.getOrDefault("TERM", "").equals("dumb");
        return new Terminal(interactive, interactive && !plain, width(environment.getOrDefault("COLUMNS", "")));
    }

    private static int width(String columns) {
        try {
            return Math.max(LEAST_WIDTH, Integer.parseInt(columns.strip()));
        } catch (NumberFormatException e) {
            return USUAL_WIDTH;
        }
    }
}
