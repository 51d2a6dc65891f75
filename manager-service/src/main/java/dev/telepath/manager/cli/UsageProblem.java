package dev.telepath.manager.cli;

import java.io.Serial;

/** A flag, setting or file of the user is wrong: exit code 2. The message says which, and what to do. */
final class UsageProblem extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    UsageProblem(String message) {
        super(message, null, false, false);
    }
}
