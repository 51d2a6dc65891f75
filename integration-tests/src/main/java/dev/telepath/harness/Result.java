package dev.telepath.harness;

/** What a command printed and how it ended. */
public record Result(int exit, String out, String err) {
    /**
     * @throws IllegalStateException with all it printed when it failed
     */
    public Result orFail() {
        if (exit != 0) {
            throw new IllegalStateException("exit code " + exit + "\n" + out + err);
        }
        return this;
    }

    /** Both outputs, for messages. */
    public String all() {
        return out + err;
    }
}
