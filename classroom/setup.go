package classroom

import (
	"context"
	"fmt"
)

// SetsUp reports whether a seat's person may set up what belongs to their
// platform's tenant: their newest launch says that they administer the
// institution or the platform, and the tenant has switched that on.
func (s *Rooms) SetsUp(ctx context.Context, seat Seat) (bool, error) {
	if !seat.Person.Administrator || seat.Shut {
		return false, nil
	}
	tenant, err := s.Store.Tenant(ctx, seat.Visit.RegistrationID)
	if err != nil {
		return false, fmt.Errorf("tenant of %s: %w", seat.Visit.RegistrationID, err)
	}
	return tenant.Policy.AdministratorsSetUp, nil
}
