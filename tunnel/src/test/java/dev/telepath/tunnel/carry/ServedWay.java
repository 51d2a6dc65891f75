package dev.telepath.tunnel.carry;

import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.StreamFrame;
import io.smallrye.mutiny.Multi;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import org.jspecify.annotations.NullUnmarked;

/** A connection of the opening edge to the accepting one, past what stands for the manager in a rig; the accepting edge serves. */
@NullUnmarked
final class ServedWay implements Carrier, LinkOffers.Watcher {
    final List<CarryRig.Wire> wires = new CopyOnWriteArrayList<>();
    volatile CarryRig.Tap tap = (wire, toFar, frame) -> {};
    private final CarryRig rig;
    private final LinkOffers offers;

    ServedWay(CarryRig rig) {
        this(rig, CarryRig.NEAR);
    }

    /**
     * @param proved as which session the opening edge has come
     */
    ServedWay(CarryRig rig, String proved) {
        this.rig = rig;
        this.offers = new LinkOffers(rig.far, rig.acceptor, proved, this);
    }

    ServedWay there() {
        rig.initiator.direct(DirectWay.FAR, this);
        return this;
    }

    /** The connection is known to be gone, and all that goes by it with it. */
    void gone() {
        rig.initiator.noDirect(DirectWay.FAR, this);
        rig.farLoop.execute(offers::end);
        wires.forEach(CarryRig.Wire::cut);
    }

    @Override
    public void carry(CarryLink link) {
        var wire = new CarryRig.Wire();
        wires.add(wire);
        Flow.Publisher<StreamFrame> called = offers.answered(
                to -> wire.toFar = Pipe.join(link.outgoing(), to, frame -> tap.passing(wire, true, frame)));
        // As a call of gRPC: when it was answered nothing comes to who serves it, not even its end.
        var served = Multi.createFrom().publisher(called).onCompletion().invoke(() -> wire.toFar.cancel());
        wire.toNear = Pipe.join(served, link.incoming(), frame -> tap.passing(wire, false, frame));
    }

    @Override
    public boolean isReady() {
        return true;
    }

    @Override
    public void tell(LinkRequest request) {
        throw new AssertionError("the accepting edge opens nothing");
    }
}
