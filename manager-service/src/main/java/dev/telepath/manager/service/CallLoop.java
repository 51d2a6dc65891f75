package dev.telepath.manager.service;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.concurrent.Executor;

/** Where a call's answers are sent from. */
final class CallLoop {
    private CallLoop() {}

    /** The serial executor of the current call: its connection's event loop. */
    static Executor current() {
        Context context = Vertx.currentContext();
        if (context == null) {
            return Runnable::run;
        }
        return task -> context.runOnContext(nothing -> task.run());
    }
}
