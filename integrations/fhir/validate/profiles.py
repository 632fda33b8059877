def check_profiles(*a): pass
