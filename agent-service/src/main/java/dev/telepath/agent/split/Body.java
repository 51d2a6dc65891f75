package dev.telepath.agent.split;

import com.google.protobuf.ByteString;

/** How far the body of a message reaches. Sees each byte once and keeps none. Not thread-safe. */
abstract sealed class Body {
    /**
     * Looks at further bytes.
     *
     * @return how many of them belong to the body
     */
    abstract int take(ByteString bytes);

    /** Whether all of it was seen. */
    abstract boolean done();

    /** Whether its end cannot be known any more. */
    boolean broken() {
        return false;
    }

    static Body none() {
        return new Length(0);
    }

    /** So many bytes. */
    static final class Length extends Body {
        private long rest;

        Length(long length) {
            rest = length;
        }

        @Override
        int take(ByteString bytes) {
            int taken = (int) Math.min(rest, bytes.size());
            rest -= taken;
            return taken;
        }

        @Override
        boolean done() {
            return rest == 0;
        }
    }

    /** All until the connection ends. */
    static final class UntilClose extends Body {
        @Override
        int take(ByteString bytes) {
            return bytes.size();
        }

        @Override
        boolean done() {
            return false;
        }
    }

    /** In chunks, each behind its size, with trailers after the last. */
    static final class Chunked extends Body {
        private enum At {
            SIZE,
            EXTENSION,
            DATA,
            DATA_END,
            TRAILER_START,
            TRAILER,
            DONE,
            BROKEN
        }

        /** More is no size that anybody sends, and fits a long. */
        private static final int MAX_DIGITS = 15;

        private At at = At.SIZE;
        private long rest;
        private int digits;

        @Override
        int take(ByteString bytes) {
            int index = 0;
            while (index < bytes.size() && at != At.DONE && at != At.BROKEN) {
                if (at == At.DATA) {
                    int taken = (int) Math.min(rest, bytes.size() - index);
                    rest -= taken;
                    index += taken;
                    at = rest == 0 ? At.DATA_END : At.DATA;
                } else {
                    at = next(bytes.byteAt(index++));
                }
            }
            return index;
        }

        private At next(byte b) {
            return switch (at) {
                case SIZE -> size(b);
                case EXTENSION -> b == '\n' ? sized() : At.EXTENSION;
                case DATA_END -> b == '\r' ? At.DATA_END : b == '\n' ? At.SIZE : At.BROKEN;
                case TRAILER_START -> b == '\r' ? At.TRAILER_START : b == '\n' ? At.DONE : At.TRAILER;
                case TRAILER -> b == '\n' ? At.TRAILER_START : At.TRAILER;
                default -> at;
            };
        }

        private At size(byte b) {
            int digit = Character.digit(b, 16);
            if (digit >= 0) {
                rest = rest * 16 + digit;
                return ++digits > MAX_DIGITS ? At.BROKEN : At.SIZE;
            }
            if (digits == 0) {
                return At.BROKEN;
            }
            return switch (b) {
                case '\n' -> sized();
                case '\r', ';', ' ', '\t' -> At.EXTENSION;
                default -> At.BROKEN;
            };
        }

        private At sized() {
            digits = 0;
            return rest == 0 ? At.TRAILER_START : At.DATA;
        }

        @Override
        boolean done() {
            return at == At.DONE;
        }

        @Override
        boolean broken() {
            return at == At.BROKEN;
        }
    }
}
