package dev.telepath.manager.service;

import com.google.protobuf.Empty;
import io.grpc.Status;
import io.smallrye.mutiny.Uni;

/** Answers that many methods give. */
final class Answers {
    private Answers() {}

    static Uni<Empty> empty() {
        return Uni.createFrom().item(Empty.getDefaultInstance());
    }

    /** What an open-source manager says to calls of the vendor's cloud and of protocols that are gone. */
    static RuntimeException unimplemented(String why) {
        return Status.UNIMPLEMENTED.withDescription(why).asRuntimeException();
    }
}
