package io.busbar.tools.cardos;

import java.util.function.Consumer;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.util.tracker.ServiceTracker;

/** Services that come and go, told one by one. */
final class Tracked<T> extends ServiceTracker<T, T> {

    private final Consumer<T> came;
    private final Consumer<T> went;

    /**
     * Makes one that is not open yet.
     *
     * @param context of this bundle
     * @param filter  of the services, as of LDAP
     * @param came    told of each that is there, and that comes
     * @param went    told of each that goes
     */
    Tracked(BundleContext context, String filter, Consumer<T> came, Consumer<T> went) throws InvalidSyntaxException {
        super(context, FrameworkUtil.createFilter(filter), null);
        this.came = came;
        this.went = went;
    }

    @Override
    public T addingService(ServiceReference<T> reference) {
        T service = super.addingService(reference);
        if (service != null) {
            came.accept(service);
        }
        return service;
    }

    @Override
    public void removedService(ServiceReference<T> reference, T service) {
        went.accept(service);
        super.removedService(reference, service);
    }
}
