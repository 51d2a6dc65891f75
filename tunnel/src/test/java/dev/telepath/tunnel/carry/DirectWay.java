package dev.telepath.tunnel.carry;

import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.stream.StreamFailure;
import io.smallrye.mutiny.Multi;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import org.jspecify.annotations.NullUnmarked;

/** A connection of the accepting edge to the opening one, past what stands for the manager in a rig. */
@NullUnmarked
final class DirectWay implements LinkOffers.Watcher {
    /** How the accepting edge is called. */
    static final String FAR = "far-session";

    final List<CarryRig.Wire> wires = new CopyOnWriteArrayList<>();
    final List<LinkRequest> told = new CopyOnWriteArrayList<>();
    final LinkOffers offers;
    volatile CarryRig.Tap tap = (wire, toFar, frame) -> {};
    volatile boolean answers = true;
    volatile boolean ready = true;
    private final CarryRig rig;
    private final String initiator;

    DirectWay(CarryRig rig) {
        this(rig, CarryRig.NEAR);
    }

    /**
     * @param initiator whom the accepting edge takes the opening one for
     */
    DirectWay(CarryRig rig, String initiator) {
        this.rig = rig;
        this.initiator = initiator;
        var nobody = new Acceptor(
                rig.near,
                (id, timeout, who) ->
                        CompletableFuture.failedFuture(new StreamFailure.DialRefused("it opens, and takes nothing")));
        this.offers = new LinkOffers(rig.near, nobody, FAR, this);
    }

    DirectWay there() {
        rig.initiator.direct(FAR, offers);
        return this;
    }

    /** The connection is known to be gone, and all that goes by it with it. */
    void gone() {
        rig.initiator.noDirect(FAR, offers);
        rig.nearLoop.execute(offers::end);
    }

    @Override
    public boolean isReady() {
        return ready;
    }

    @Override
    public void tell(LinkRequest request) {
        told.add(request);
        if (answers) {
            rig.acceptor.requested(request, this::call, initiator);
        }
    }

    /** The accepting edge's call. */
    private void call(CarryLink link) {
        var wire = new CarryRig.Wire();
        wires.add(wire);
        Flow.Publisher<StreamFrame> called = offers.answered(
                to -> wire.toNear = Pipe.join(link.outgoing(), to, frame -> tap.passing(wire, false, frame)));
        // As a call of gRPC: when it was answered nothing comes to who serves it, not even its end.
        var served = Multi.createFrom().publisher(called).onCompletion().invoke(() -> wire.toNear.cancel());
        wire.toFar = Pipe.join(served, link.incoming(), frame -> tap.passing(wire, true, frame));
    }
}
