package dev.telepath.it.kubernetes;

/** The same where all streams go by the manager, as of agents that nobody but it reaches. */
final class DisruptionByManagerIT extends DisruptionIT {
    @Override
    String direct() {
        return "off";
    }
}
