package dev.telepath.tunnel.filter;

import java.io.Serial;

/** A filter that cannot be used. The message says which part, why, and what to write instead. */
public final class InvalidFilter extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    InvalidFilter(String message) {
        super(message, null, false, false);
    }
}
