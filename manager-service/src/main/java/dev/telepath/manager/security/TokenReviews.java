package dev.telepath.manager.security;

import java.util.List;
import java.util.Map;

/** Asks whether somebody vouches for a token. */
interface TokenReviews {
    /** Who can vouch says: it is of this one, or of nobody. */
    sealed interface Answer {
        /**
         * @param account whose token it is
         * @param extra what else is known of it, such as the pod
         * @param client whether the account may have tokens of the clients' account, and thus is a client itself
         */
        record Vouched(Principal.Account account, Map<String, List<String>> extra, boolean client) implements Answer {}

        /**
         * @param why for the bearer; may be empty
         */
        record Unknown(String why) implements Answer {}
    }

    /**
     * Blocks, for a bounded time.
     *
     * @throws Unavailable when nobody answers
     */
    Answer review(String token) throws Unavailable;

    /** Nobody who could vouch can be asked now. */
    final class Unavailable extends Exception {
        private static final long serialVersionUID = 1L;

        Unavailable(String why, Throwable cause) {
            super(why, cause);
        }
    }
}
